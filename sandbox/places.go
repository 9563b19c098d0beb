package sandbox

import (
	"fmt"
	"slices"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// maxSources bounds [Base.Sources]: each one may cost a whole probe.
const maxSources = 8

// checkSources reports a source that is no repository. What is fetched gets the
// one name, [Base.Ref], wherever it was.
func (b Base) checkSources() error {
	if len(b.Sources) > maxSources {
		return &InputError{Err: fmt.Errorf("%d sources: at most %d are allowed", len(b.Sources), maxSources)} // no remedy: the error says what is wanted
	}
	for _, repository := range b.Sources {
		if err := tag.CheckRepository(repository); err != nil {
			return &InputError{Err: fmt.Errorf("source: %w", err), Remedy: "a repository is host/path without a tag, such as ghcr.io/vessux/openlock-base"}
		}
	}
	return nil
}

// offered is the image that a registry offers for a platform.
func offered(r *registry.Result, platform string) (registry.Child, bool) {
	child, found := r.Child(platform)
	return child, found && (r.State == registry.StateComplete || r.State == registry.StateIncomplete)
}

// byDigest leaves out the places that an engine asks for tags alone: what it gets
// there has the ref at once, before openlock has looked at it.
func byDigest(a *access.Access) *access.Access {
	if a.Places == nil {
		return a
	}
	out := *a
	out.Places = func(repository, tag string) ([]access.Place, error) {
		all, err := a.Places(repository, tag)
		rest := slices.DeleteFunc(all, func(p access.Place) bool { return p.TagsOnly })
		if err == nil && len(rest) == 0 {
			err = fmt.Errorf("the engine gets %s by its tag alone, and a verified image is pulled by digest", repository)
		}
		return rest, err
	}
	return &out
}

package sandbox

import (
	"fmt"

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

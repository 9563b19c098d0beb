package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// maxSources bounds [Base.Sources]: each one may cost a whole probe.
const maxSources = 8

// places lists the repositories that the image can be fetched from, in order.
// What is fetched gets the one name, [Base.Ref], wherever it was.
func (b Base) places() ([]tag.Ref, error) {
	ref, err := b.Ref()
	if err != nil || len(b.Sources) == 0 {
		return []tag.Ref{ref}, err
	}
	if len(b.Sources) > maxSources {
		return nil, &InputError{Err: fmt.Errorf("%d sources: at most %d are allowed", len(b.Sources), maxSources)}
	}
	var all []tag.Ref
	for _, repository := range b.Sources {
		at, err := tag.New(repository, b.Containerfile)
		if err != nil {
			return nil, &InputError{Err: fmt.Errorf("source: %w", err)}
		}
		all = append(all, at)
	}
	return all, nil
}

// probePlaces asks the places in their order, until one has the image, and
// returns its answer and repository; else what all the answers come to.
func (j *job) probePlaces(ctx context.Context, q registry.Query) (res *registry.Result, repository string, err error) {
	places, err := j.places()
	if err != nil {
		return nil, "", err
	}
	var all []*registry.Result
	for _, at := range places {
		q.Ref = at
		if res, err = j.probe(ctx, q); err != nil {
			return nil, "", err
		}
		if _, found := offered(res, j.o.Platform); found {
			return res, at.Repository, nil
		}
		all = append(all, res)
	}
	return summarize(all), "", nil
}

// offered returns the image that a registry has for a platform, where its state
// is worth a pull.
func offered(r *registry.Result, platform string) (registry.Child, bool) {
	child, found := r.Child(platform)
	return child, found && (r.State == registry.StateComplete || r.State == registry.StateIncomplete)
}

// doubt ranks the states that lead to no pull: one registry that could not be
// asked outweighs another that has no image, since an outage never means absent.
func doubt(s registry.State) int {
	switch s {
	case registry.StateAbsent:
		return 0
	case registry.StateIncomplete, registry.StateComplete:
		return 1
	}
	return 2
}

// summarize returns the answer that decides where no place has the image: the
// first of the highest doubt, with the reasons of all.
func summarize(all []*registry.Result) *registry.Result {
	if len(all) == 1 {
		return all[0]
	}
	decides := all[0]
	var reasons []string
	for _, r := range all {
		if doubt(r.State) > doubt(decides.State) {
			decides = r
		}
		reasons = append(reasons, r.Ref+": "+cmp.Or(r.Reason, string(r.State)))
	}
	out := *decides
	out.Reason = sanitize.Line(strings.Join(reasons, "; "))
	return &out
}

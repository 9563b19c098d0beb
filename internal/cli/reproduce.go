package cli

import (
	"context"

	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// BuildRequest returns the builder that the flags choose, and what it has to
// be asked for to build the image for platforms (none: those that are
// published) as publishing does.
func (a *App) BuildRequest(ctx context.Context, platforms []string, p PublishFlags, find FindBuilder) (sandbox.Builder, sandbox.LegRequest, error) {
	s, err := a.start()
	if err != nil {
		return nil, sandbox.LegRequest{}, err
	}
	if len(platforms) == 0 {
		platforms = sandbox.Platforms()
	}
	var normal []string
	for _, name := range platforms {
		n, err := platform.Normalize(name)
		if err != nil {
			return nil, sandbox.LegRequest{}, &UsageError{Err: err}
		}
		normal = append(normal, n)
	}
	name := ""
	if p.Builder != nil {
		name = *p.Builder
	}
	b, err := find(ctx, s.runtime, name, s.registry, newHeld(a.Err, a.Quiet))
	return b, sandbox.LegRequest{
		Containerfile: s.base.Containerfile, Repository: s.base.Repository, Platforms: normal,
		Labels: map[string]string{tag.Label: s.base.Identity()}, Epoch: containerfile.Epoch(s.base.Containerfile),
	}, err
}

// Ends turns what a verb returned into the interruption that caused it.
func Ends(ctx context.Context, err error) error { return ends(ctx, err) }

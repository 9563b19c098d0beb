package ci

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/reproduce"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/tag"
)

// reproduceJSON is the JSON of release:reproduce.
type reproduceJSON struct {
	Same   bool                `json:"same"`
	Builds []reproduce.Outcome `json:"builds"` // one a platform
}

// maxShown is how many differences of a platform are said; JSON has them all.
const maxShown = 40

// Reproduce builds the image twice without cache for every platform of the
// settings (none: those that are published), and fails where the two differ.
func Reproduce(ctx context.Context, a *cli.App) error {
	return cli.Ends(ctx, reproduceTwice(ctx, a))
}

func reproduceTwice(ctx context.Context, a *cli.App) error {
	b, request, err := buildRequest(a)
	if err != nil {
		return err
	}
	e, ok := b.(reproduce.Exporter)
	if !ok {
		return fmt.Errorf("%s cannot export what it builds", b.Name())
	}
	outcomes, err := reproduce.Run(ctx, e, request)
	if err != nil {
		return err
	}
	same, text := true, []string(nil)
	for _, o := range outcomes {
		if len(o.Differences) == 0 {
			text = append(text, o.Platform+" "+o.Digest)
			continue
		}
		same = false
		for i, d := range o.Differences {
			if i == maxShown {
				a.Say(fmt.Sprintf("%s: and %d more", o.Platform, len(o.Differences)-i), "")
				break
			}
			a.Say(o.Platform+": "+d.String(), "")
		}
	}
	if same || a.JSON {
		if err := a.Print(strings.Join(text, "\n"), reproduceJSON{same, outcomes}); err != nil {
			return err
		}
	}
	if !same {
		return errors.New("two builds of " + a.ContainerfileName() + " differ: its tag does not tell the bits")
	}
	return nil
}

// buildRequest returns the builder that the settings choose, and what it has
// to be asked for to build the image as publishing does.
func buildRequest(a *cli.App) (leg.Builder, leg.Request, error) {
	s, err := a.Start()
	if err != nil {
		return nil, leg.Request{}, err
	}
	r := leg.Request{
		Containerfile: s.Base.Containerfile, Repository: s.Base.Repository,
		Labels: map[string]string{tag.Label: s.Base.Identity()},
	}
	if r.Platforms = s.Platforms; len(r.Platforms) == 0 {
		r.Platforms = sandbox.Platforms()
	}
	return newBuilder(a, s), r, nil
}

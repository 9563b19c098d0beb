package ci

import (
	"context"
	"errors"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/builder"
)

// builderOptions chooses a builder by the settings.
func builderOptions(a *cli.App, s cli.Settings) builder.Options {
	return builder.Options{Name: s.Builder, Runtime: s.Runtime, Registry: s.Registry, Output: cli.NewHeld(a.Err, a.Quiet)}
}

// lazy looks for the builder only when one is needed: where everything is
// published, no builder is touched, or even has to be there.
type lazy struct {
	options builder.Options
	found   sandbox.Builder
}

func (l *lazy) Name() string {
	if l.found == nil {
		return "a builder"
	}
	return l.found.Name()
}

func (l *lazy) Check(ctx context.Context, platforms []string) (err error) {
	if l.found, err = builder.Find(ctx, l.options); err != nil {
		return err
	}
	return l.found.Check(ctx, platforms)
}

func (l *lazy) Build(ctx context.Context, r sandbox.LegRequest) ([]string, error) {
	if l.found == nil {
		return nil, errors.New("the builder was not checked")
	}
	return l.found.Build(ctx, r)
}

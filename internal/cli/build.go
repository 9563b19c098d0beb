package cli

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/vessux/openlock/sandbox"
)

func buildVerb(a *App) verb {
	var noCache bool
	return verb{
		use: "build", short: "Build the base image here, even where it is published; print its ref",
		settings: []string{"runtime", "platform", "build-timeout", "wait-timeout"},
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&noCache, "no-cache", false, "run every step again")
			a.quietFlag(f)
		},
		run: func(ctx context.Context) error { return a.Build(ctx, noCache) },
	}
}

// Build builds the image, even where it is published, and prints its ref. Its JSON is
// [EnsureJSON].
func (a *App) Build(ctx context.Context, noCache bool) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	s.Build = sandbox.PolicyAlways
	return a.ensure(ctx, s, noCache)
}

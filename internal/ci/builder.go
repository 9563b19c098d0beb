package ci

import (
	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/leg"
)

// newBuilder returns the builder that the settings choose.
func newBuilder(a *cli.App, s cli.Settings) leg.Builder {
	return builder.New(builder.Options{Name: s.Builder, Runtime: s.Runtime, Registry: s.Registry, Output: cli.NewHeld(a.Err, a.Quiet)})
}

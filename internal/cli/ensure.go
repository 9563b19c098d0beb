package cli

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/vessux/openlock/sandbox"
)

// registrySettings are those of all that ask the registry.
var registrySettings = []string{"trust-host", "connect-timeout", "header-timeout", "probe-timeout"}

func ensureVerb(a *App) verb {
	return verb{
		use: "ensure", short: "Ensure that the base image exists here: use it, pull it, or build it; print its ref",
		settings: append([]string{
			"pull", "build", "verify", "verify-timeout", "runtime", "platform", "pull-timeout", "build-timeout", "wait-timeout",
		}, registrySettings...),
		flags: func(f *pflag.FlagSet) { a.quietFlag(f) },
		run:   a.Ensure,
	}
}

// EnsureJSON is the JSON of ensure and build.
type EnsureJSON struct {
	Ref        string `json:"ref"`
	Tag        string `json:"tag"`
	Identity   string `json:"identity"`
	Digest     string `json:"digest"`             // that was pulled; empty for local and built
	Source     string `json:"source"`             // local, pulled or built
	Verified   string `json:"verified"`           // by signature, record or build; empty where no verification was requested
	Verifier   string `json:"verifier,omitempty"` // path of the program that verified a signature now
	Engine     string `json:"engine"`             // podman or docker
	State      string `json:"state"`              // of the registry; empty where it was not asked
	Reason     string `json:"reason"`
	Platform   string `json:"platform"`
	DurationMS int64  `json:"duration_ms"`
}

// Ensure has the image in the engine's store and prints its ref.
func (a *App) Ensure(ctx context.Context) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	return a.ensure(ctx, s, false)
}

func (a *App) ensure(ctx context.Context, s Settings, noCache bool) error {
	out := NewHeld(a.Err, a.Quiet)
	o, err := a.options(s, out)
	if err != nil {
		return err
	}
	o.NoCache = noCache
	res, err := sandbox.Ensure(ctx, s.Base, o)
	if err != nil {
		out.release()
		return Ends(ctx, err)
	}
	return a.Print(res.Ref.String(), EnsureJSON{
		Ref: res.Ref.String(), Tag: res.Ref.Tag, Identity: res.Identity, Digest: res.Digest,
		Source: string(res.Source), Verified: string(res.Verified), Verifier: a.verifier, Engine: res.Engine, State: string(res.State), Reason: res.Reason,
		Platform: res.Platform, DurationMS: res.Duration.Milliseconds(),
	})
}

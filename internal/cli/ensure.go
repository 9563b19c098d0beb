package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/vessux/openlock/sandbox"
)

// EnsureJSON is the JSON of ensure and build.
type EnsureJSON struct {
	Ref        string `json:"ref"`
	Tag        string `json:"tag"`
	Identity   string `json:"identity"`
	Digest     string `json:"digest"`   // that was pulled; empty for local and built
	Source     string `json:"source"`   // local, pulled or built
	Verified   string `json:"verified"` // by signature, record or build; empty where nobody wants it verified
	Engine     string `json:"engine"`   // podman or docker
	State      string `json:"state"`    // of the registry; empty where it was not asked
	Reason     string `json:"reason"`
	Platform   string `json:"platform"`
	DurationMS int64  `json:"duration_ms"`
}

// PlanJSON is the JSON of plan.
type PlanJSON struct {
	Ref      string `json:"ref"`
	Tag      string `json:"tag"`
	Identity string `json:"identity"`
	Action   string `json:"action"` // use, pull, build or fail
	Digest   string `json:"digest"` // that the registry has; empty where it was not asked
	Engine   string `json:"engine"`
	State    string `json:"state"` // of the registry; empty where it was not asked
	Reason   string `json:"reason"`
	Platform string `json:"platform"`
}

// Policies are the words for when to pull and to build; empty: missing.
type Policies struct{ Pull, Build string }

func (p Policies) apply(o *sandbox.Options) (err error) {
	if o.Pull, err = sandbox.ParsePolicy(p.Pull); err != nil {
		return &UsageError{Err: fmt.Errorf("--pull %w", err)}
	}
	if o.Build, err = sandbox.ParsePolicy(p.Build); err != nil {
		return &UsageError{Err: fmt.Errorf("--build %w", err)}
	}
	if o.Pull == sandbox.PolicyAlways && o.Build == sandbox.PolicyAlways {
		return &UsageError{Err: errors.New("--pull always and --build always contradict each other"), Remedy: "say which of the two you want"}
	}
	return nil
}

// Ensure has the image in the engine's store and prints its ref.
func (a *App) Ensure(ctx context.Context, p Policies) error {
	return a.ensure(ctx, p, false)
}

// Build builds the image, wherever else it is, and prints its ref.
func (a *App) Build(ctx context.Context, noCache bool) error {
	return a.ensure(ctx, Policies{Build: string(sandbox.PolicyAlways)}, noCache)
}

func (a *App) ensure(ctx context.Context, p Policies, noCache bool) error {
	var o sandbox.Options
	if err := p.apply(&o); err != nil {
		return err
	}
	s, err := a.Start()
	if err != nil {
		return err
	}
	out := NewHeld(a.Err, a.Quiet)
	work, err := a.options(s, out)
	if err != nil {
		return err
	}
	work.Pull, work.Build, work.NoCache = o.Pull, o.Build, noCache
	if work.LockDir, err = lockDir(); err != nil {
		return err
	}
	res, err := sandbox.Ensure(ctx, s.Base, work)
	if err != nil {
		out.release()
		return Ends(ctx, err)
	}
	return a.Print(res.Ref.String(), EnsureJSON{
		Ref: res.Ref.String(), Tag: res.Ref.Tag, Identity: res.Identity, Digest: res.Digest,
		Source: string(res.Source), Verified: string(res.Verified), Engine: res.Engine, State: string(res.State), Reason: res.Reason,
		Platform: res.Platform, DurationMS: res.Duration.Milliseconds(),
	})
}

// Plan prints what Ensure would do, and why. It fails where Ensure would.
func (a *App) Plan(ctx context.Context, policies Policies) error {
	var o sandbox.Options
	if err := policies.apply(&o); err != nil {
		return err
	}
	s, err := a.Start()
	if err != nil {
		return err
	}
	work, err := a.options(s, nil)
	if err != nil {
		return err
	}
	work.Pull, work.Build = o.Pull, o.Build
	p, err := sandbox.Plan(ctx, s.Base, work)
	if err != nil {
		return Ends(ctx, err)
	}
	err = a.Print(fmt.Sprintf("%s %s with %s: %s", p.Action, p.Ref, p.Engine, p.Reason), PlanJSON{
		Ref: p.Ref.String(), Tag: p.Ref.Tag, Identity: p.Identity, Action: string(p.Action), Digest: p.Digest,
		Engine: p.Engine, State: string(p.State), Reason: p.Reason, Platform: p.Platform,
	})
	if err != nil || p.Action != sandbox.ActionFail {
		return err
	}
	return &sandbox.StateError{State: p.State, Reason: "ensure would fail: " + p.Reason, Remedy: p.Hint, Err: p.Err}
}

package cli

import (
	"context"
	"fmt"

	"github.com/vessux/openlock/sandbox"
)

func planVerb(a *App) verb {
	return verb{
		use: "plan", short: "Print what ensure would do, and why",
		settings: append([]string{"pull", "build", "verify", "verify-timeout", "runtime", "platform"}, registrySettings...),
		run:      a.Plan,
	}
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

// Plan prints what Ensure would do, and why. It fails where Ensure would.
func (a *App) Plan(ctx context.Context) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	o, err := a.options(s, nil)
	if err != nil {
		return err
	}
	p, err := sandbox.Plan(ctx, s.Base, o)
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

package sandbox

import (
	"context"
	"fmt"

	"github.com/vessux/openlock/sandbox/tag"
)

// PlanResult is what [Ensure] would do.
type PlanResult struct {
	Decision
	Ref      tag.Ref
	Identity string
	Engine   string // its name
	Platform string // os/arch[/variant]
}

// Plan decides as [Ensure] would, changes nothing and takes no lock. The errors
// are those of Ensure, but for [*StateError]: where Ensure would return one, the
// action is [ActionFail].
func Plan(ctx context.Context, b Base, o Options) (*PlanResult, error) {
	j, err := newJob(ctx, b, o)
	if err != nil {
		return nil, err
	}
	d, err := j.decide(ctx, false)
	if err != nil {
		return nil, err
	}
	switch {
	case d.ask:
		d.Reason += fmt.Sprintf("; %s is asked to pull it first: %s", j.engine.Name(), j.differs)
	case d.Action == ActionPull && o.Verifier != nil:
		d.Reason += ", where its signature is the right one"
	}
	return &PlanResult{Decision: *j.say(d), Ref: j.ref, Identity: j.identity, Engine: j.engine.Name(), Platform: j.o.Platform}, nil
}

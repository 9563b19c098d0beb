package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// lateness is how long an answer is not believed that a push which is not seen
// yet would explain. Tests shorten it.
var lateness = 8 * time.Second

// PublishLeg builds one platform's image and pushes it by digest only, or finds it
// published, and returns it. The errors are those of [Publish].
func PublishLeg(ctx context.Context, b Base, platform string, o PublishOptions) (*registry.Child, error) {
	o.Platforms, o.Legs, o.Force = []string{platform}, nil, ""
	p, err := newPublisher(b, o)
	if err != nil {
		return nil, err
	}
	before, err := p.probe(ctx)
	if err != nil {
		return nil, err
	}
	missing, err := p.missing(before)
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 {
		p.o.Notify(Notice{Text: fmt.Sprintf("%s is published for %s already", p.ref, platform)})
		return &before.Children[0], nil
	}
	made, err := p.make(ctx, missing)
	if err != nil {
		return nil, err
	}
	return &made[0], nil
}

// make has an image for each platform in the registry, without a tag: a leg
// that was built apart, or one that is built now.
func (p *publisher) make(ctx context.Context, platforms []string) ([]registry.Child, error) {
	made, rest, err := p.checkLegs(ctx, platforms)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		if p.o.Builder == nil {
			return nil, &leg.Error{Reason: "there is no leg for " + strings.Join(rest, ", "), Remedy: "build it with release:leg, and hand over its digest"}
		}
		if err := p.o.Builder.Check(ctx, rest); err != nil {
			return nil, err
		}
	}
	// Before the slow part: who may not push learns it in seconds.
	w, err := registry.OpenWriter(ctx, p.Repository, p.o.Registry)
	if err != nil {
		return nil, refusedBy(err)
	}
	w.Close()
	if len(rest) == 0 {
		return made, nil
	}
	built, err := p.build(ctx, rest)
	return append(made, built...), err
}

// checkLegs looks at the legs for the platforms, and returns those for which
// there is none.
func (p *publisher) checkLegs(ctx context.Context, platforms []string) (legs []registry.Child, rest []string, err error) {
	for _, platform := range platforms {
		digest, ok := p.o.Legs[platform]
		if !ok {
			rest = append(rest, platform)
			continue
		}
		child, err := p.find(ctx, digest, platform)
		if err != nil {
			return nil, nil, fmt.Errorf("leg %s: %w", platform, err)
		}
		legs = append(legs, *child)
	}
	return legs, rest, nil
}

func (p *publisher) build(ctx context.Context, platforms []string) ([]registry.Child, error) {
	p.o.Notify(Notice{Text: fmt.Sprintf("building %s for %s with %s", p.ref, strings.Join(platforms, ", "), p.o.Builder.Name())})
	digests, err := p.o.Builder.Build(ctx, leg.Request{
		Containerfile: p.Containerfile, Repository: p.Repository, Platforms: platforms, NoCache: p.o.NoCache,
		Labels: map[string]string{tag.Label: p.identity},
	})
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if push := new(leg.PushError); errors.As(err, &push) {
		return nil, p.whyRejected(ctx, push)
	}
	if err != nil {
		return nil, err
	}
	if len(digests) != len(platforms) {
		return nil, fmt.Errorf("%s returned %d digests for %d platforms", p.o.Builder.Name(), len(digests), len(platforms))
	}
	var built []registry.Child
	for i, digest := range digests {
		child, err := p.find(ctx, digest, platforms[i])
		if err != nil {
			return nil, err
		}
		built = append(built, *child)
	}
	return built, nil
}

// whyRejected asks the registry itself: a builder's words do not tell a
// refusal from an outage.
func (p *publisher) whyRejected(ctx context.Context, err *leg.PushError) error {
	w, writeErr := registry.OpenWriter(ctx, p.Repository, p.o.Registry)
	if writeErr != nil {
		return refusedBy(writeErr)
	}
	w.Close()
	text := sanitize.Line(err.Error())
	return &StateError{
		State: stateOf(text), Reason: "the registry rejected the push: " + text,
		Remedy: "run it again; the tag was not written", Err: err,
	}
}

// stateOf reads a failed push's own words, where the registry would let us
// write now: the HTTP status, or the error code of the OCI Distribution
// Specification, which BuildKit prints in lower case.
func stateOf(text string) registry.State {
	for _, w := range []struct {
		word  string
		state registry.State
	}{
		{"401 Unauthorized", registry.StateDenied}, {": unauthorized: ", registry.StateDenied},
		{"403 Forbidden", registry.StateDenied}, {": denied: ", registry.StateDenied},
		{"429 Too Many Requests", registry.StateThrottled}, {": toomanyrequests: ", registry.StateThrottled},
	} {
		if strings.Contains(text, w.word) {
			return w.state
		}
	}
	return registry.StateUnreachable
}

// find looks at one leg in the repository by its digest: it has to be, or to
// hold, an image of ours for the platform. Registries may show a push late.
func (p *publisher) find(ctx context.Context, digest, platform string) (*registry.Child, error) {
	q, err := p.query([]string{platform})
	if err != nil {
		return nil, err
	}
	q.Digest = digest
	start := time.Now()
	res, err := p.await(ctx, q, p.o.Registry, func(r *registry.Result) bool {
		late := r.State == registry.StateAbsent || r.State == registry.StateIncomplete
		return !late || time.Since(start) > lateness
	})
	if err != nil {
		return nil, err
	}
	if res.State != registry.StateComplete {
		return nil, &StateError{State: res.State, Reason: fmt.Sprintf("%s@%s: %s", p.Repository, digest, res.Reason), Remedy: res.Hint, Err: res.Err}
	}
	return &res.Children[0], nil
}

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/label"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// PublishOutcome is what [Publish] did.
type PublishOutcome string

// What Publish does.
const (
	OutcomeSkipped   PublishOutcome = "skipped"   // every platform was there
	OutcomePublished PublishOutcome = "published" // there was none, or it was replaced by force
	OutcomeRepaired  PublishOutcome = "repaired"  // some platforms were there, and stay as they are
)

// verifyTimeout is the default of [PublishOptions.VerifyTimeout]. Registries
// show a push some seconds late.
const verifyTimeout = 60 * time.Second

// PublishOptions say how [Publish] may get an image published.
type PublishOptions struct {
	// Builder builds the platforms for which there is no leg. It may be nil
	// where there is a leg for each.
	Builder leg.Builder
	// Legs are images that were built and pushed apart: platform → digest.
	Legs      map[string]string
	Platforms []string // required; default: [Platforms]
	// Force, sha256:…, is the digest of a tag that is to be replaced though it
	// is complete or invalid.
	Force   string
	NoCache bool
	// VisibilityTimeout bounds the wait until the world sees what was published;
	// default 60 s.
	VisibilityTimeout time.Duration
	// Registry bounds every question; without a Retry, [registry.CIRetry].
	Registry registry.Options
	Notify   func(Notice) // as in [Options]
}

// PublishResult is the outcome of [Publish].
type PublishResult struct {
	Ref      tag.Ref
	Identity string
	Digest   string           // of the index under the tag, sha256:…
	Outcome  PublishOutcome   // what was done
	State    registry.State   // what the registry said before
	Reason   string           // why, one line
	Children []registry.Child // a child for each required platform
	Duration time.Duration
}

// Publish has the image in its registry, whole and for everybody, when it
// returns without an error. What is there already stays; the tag is put last,
// in one request, so that it never names an index with a missing child; a
// doubt is never read as "not there". Interrupted anywhere, another run
// completes the work.
//
// Errors: [*StateError]; [*leg.Error]; ctx's cause; else what the builder
// said.
func Publish(ctx context.Context, b Base, o PublishOptions) (*PublishResult, error) {
	start := time.Now()
	p, err := newPublisher(b, o)
	if err != nil {
		return nil, err
	}
	before, err := p.probe(ctx)
	if err != nil {
		return nil, err
	}
	out := &PublishResult{Ref: p.ref, Identity: p.identity, State: before.State}
	missing, err := p.missing(before)
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 {
		out.Outcome, out.Digest, out.Children = OutcomeSkipped, before.Digest, before.Children
		out.Reason = "published already for " + strings.Join(p.o.Platforms, ", ")
		if before.Early {
			out.Reason += label.ByAge
		}
	} else if err := p.publish(ctx, before, missing, out); err != nil {
		return nil, err
	}
	if out.Outcome != OutcomeSkipped || !before.Anonymous {
		if err := p.checkPublic(ctx, out.Digest); err != nil {
			return nil, err
		}
	}
	out.Duration = time.Since(start)
	return out, nil
}

// publisher is one image that is to be published.
type publisher struct {
	Base
	ref      tag.Ref
	identity string
	o        PublishOptions
}

func newPublisher(b Base, o PublishOptions) (*publisher, error) {
	p := &publisher{Base: b, identity: b.Identity(), o: o}
	var err error
	if p.ref, err = b.check(); err != nil {
		return nil, err
	}
	p.o.Platforms = slices.Clone(o.Platforms)
	if len(o.Platforms) == 0 {
		p.o.Platforms = Platforms()
	}
	for i, name := range p.o.Platforms {
		if p.o.Platforms[i], err = platform.Normalize(name); err != nil {
			return nil, &InputError{Err: err} // no remedy: the error says what is wanted
		}
	}
	if p.o.Registry.Retry == (registry.Retry{}) {
		p.o.Registry.Retry = registry.CIRetry
	}
	if p.o.VisibilityTimeout <= 0 {
		p.o.VisibilityTimeout = verifyTimeout
	}
	if p.o.Notify == nil {
		p.o.Notify = func(Notice) {}
	}
	return p, nil
}

func (p *publisher) probe(ctx context.Context) (*registry.Result, error) {
	res, err := Exists(ctx, p.Base, p.o.Platforms, p.o.Registry)
	if err != nil {
		return nil, err
	}
	for _, w := range res.Warnings {
		p.o.Notify(Notice{Text: w, Warning: true})
	}
	if res.State == registry.StateDenied {
		return p.probeAsWriter(ctx)
	}
	return res, nil
}

// probeAsWriter asks once more where others are denied: private, or not there,
// and who may push may know.
func (p *publisher) probeAsWriter(ctx context.Context) (*registry.Result, error) {
	w, err := registry.OpenWriter(ctx, p.Repository, p.o.Registry)
	if err != nil {
		return nil, refusedBy(err)
	}
	w.Close()
	q, err := p.query(p.o.Platforms)
	if err != nil {
		return nil, err
	}
	q.Writer = true
	res, err := registry.Probe(ctx, q, p.o.Registry)
	if err == nil && res.State == registry.StateDenied {
		res.Hint = "the login may push and must be allowed to read too; sign in with one that may"
	}
	return res, err
}

// missing returns the platforms that have to be built by what the registry
// said, none where all exist. It refuses to go on while the state is unknown.
func (p *publisher) missing(r *registry.Result) ([]string, error) {
	if p.o.Force != "" {
		if r.Digest == p.o.Force {
			return p.o.Platforms, nil
		}
		if r.State == registry.StateAbsent || r.Digest != "" {
			return nil, &leg.Error{
				Reason: fmt.Sprintf("%s: force expects digest %s, but the tag %s", p.ref, p.o.Force, whereTag(r.Digest)),
				Remedy: "inspect the image before you replace it",
			}
		}
	}
	switch {
	case r.State == registry.StateComplete:
		return nil, nil
	case r.State == registry.StateIncomplete && r.Early:
		return nil, &StateError{
			State: r.State, Reason: fmt.Sprintf("%s: %s; it is known by the digest of its index alone, and another index would not be: not repaired", p.ref, r.Reason),
			Remedy: "change the Containerfile, so that what is built has a tag of its own; what exists can still be pulled",
		}
	case r.State == registry.StateIncomplete, r.State == registry.StateAbsent:
		return r.Missing, nil
	}
	e := &StateError{State: r.State, Reason: fmt.Sprintf("%s: %s; refusing to build or push while the registry's state is unknown", p.ref, r.Reason), Remedy: r.Hint, Err: r.Err}
	// An early tag is never to be replaced: every project that pins it has it.
	if _, early := p.Early[p.ref.Tag]; r.State == registry.StateInvalid && r.Digest != "" && !early {
		e.Remedy = "to replace the image, force it by its digest " + r.Digest
	}
	return nil, e
}

func whereTag(digest string) string {
	if digest == "" {
		return "does not exist"
	}
	return "is at " + digest
}

// publish gets the missing platforms, and puts the index under the tag.
func (p *publisher) publish(ctx context.Context, before *registry.Result, missing []string, out *PublishResult) error {
	made, err := p.make(ctx, missing)
	if err != nil {
		return err
	}
	// That took a while, and somebody else may have done the same.
	now, err := p.probe(ctx)
	if err != nil {
		return err
	}
	still, err := p.missing(now)
	if err != nil {
		return err
	}
	if len(still) == 0 {
		out.Outcome, out.Digest, out.Children = OutcomeSkipped, now.Digest, now.Children
		out.Reason = "another run published it during the build"
		if before.State == registry.StateIncomplete && now.Digest == before.Digest {
			// The same bits again: the index that lacked them is whole.
			out.Outcome, out.Reason = OutcomeRepaired, "pushed "+strings.Join(missing, ", ")+", which the tag lacked"
		}
		return nil
	}
	var there []registry.Child
	if p.o.Force == "" {
		there = now.Children
	}
	if out.Children, err = p.assemble(there, made); err != nil {
		return err
	}
	w, err := registry.OpenWriter(ctx, p.Repository, p.o.Registry)
	if err != nil {
		return refusedBy(err)
	}
	defer w.Close()
	if out.Digest, err = w.PutIndex(ctx, p.ref.Tag, now.Digest, out.Children); err != nil {
		return refusedBy(err)
	}
	out.Outcome, out.Reason = OutcomePublished, "pushed "+strings.Join(still, ", ")
	switch {
	case p.o.Force != "":
		out.Reason += ", in place of " + p.o.Force
	case len(there) > 0:
		out.Outcome = OutcomeRepaired
		out.Reason += ", which the tag lacked"
	}
	p.o.Notify(Notice{Text: fmt.Sprintf("%s is now %s", p.ref, out.Digest)})
	return nil
}

// assemble lists a child for each platform: those that are there as they are.
func (p *publisher) assemble(there, made []registry.Child) ([]registry.Child, error) {
	var all []registry.Child
	for _, platform := range p.o.Platforms {
		c, ok := childFor(there, platform)
		if !ok {
			c, ok = childFor(made, platform)
		}
		if !ok {
			return nil, &StateError{State: registry.StateIncomplete, Reason: platform + " was deleted while the others were built", Remedy: "run it again"}
		}
		all = append(all, c)
	}
	return all, nil
}

func childFor(all []registry.Child, platform string) (registry.Child, bool) {
	i := slices.IndexFunc(all, func(c registry.Child) bool { return c.Platform == platform })
	if i < 0 {
		return registry.Child{}, false
	}
	return all[i], true
}

// refusedBy turns a registry's refusal into that of the whole.
func refusedBy(err error) error {
	e := new(registry.Error)
	if !errors.As(err, &e) {
		return err
	}
	return &StateError{State: e.State, Reason: e.Reason, Remedy: e.Remedy, Err: err}
}

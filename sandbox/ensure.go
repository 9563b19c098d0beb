package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/lock"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// Source tells where an image came from.
type Source string

// The sources.
const (
	SourceLocal  Source = "local"
	SourcePulled Source = "pulled"
	SourceBuilt  Source = "built"
)

// EnsureResult is what [Ensure] did.
type EnsureResult struct {
	Ref      tag.Ref
	Identity string
	// Digest is that of the index which was pulled from, sha256:…; else empty, also
	// where the registry told it to the engine alone.
	// An engine shows a digest of what it built itself too, which no registry
	// knows.
	Digest   string
	Source   Source
	Verified Verified       // what the signature was told by; empty where no Verifier was given
	Engine   string         // its name
	State    registry.State // what the registry said; empty where it was not asked
	Reason   string         // why this source, one line
	Platform string
	Duration time.Duration
}

// StateError tells that the image could not be had within the policies that
// were given.
type StateError struct {
	State  registry.State // what the registry said; Absent or Invalid where it was not asked
	Reason string         // one line, fit to print
	Remedy string         // the remedy, may be empty
	Err    error          // the cause; may be nil
}

func (e *StateError) Error() string { return e.Reason }

// Hint returns the remedy, one line; empty where there is none.
func (e *StateError) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *StateError) Unwrap() error { return e.Err }

// Ensure has the image in an engine's store, under its ref, when it returns
// without an error. One process at a time does so for an engine's store and an
// identity; the others wait, and find the work done.
//
// Errors: [*StateError]; [*engines.NotInstalledError] where there is no
// candidate, [*engine.UnavailableError] where none answers; [*lock.Error];
// ctx's cause; else what the engine said.
func Ensure(ctx context.Context, b Base, o Options) (*EnsureResult, error) {
	start := time.Now()
	j, err := newJob(ctx, b, o)
	if err != nil {
		return nil, err
	}
	d := fromLocal(j.local, j.o)
	if d == nil || d.Action == ActionBuild {
		if d, err = j.underLock(ctx); err != nil {
			return nil, err
		}
	}
	if d = j.say(d); d.Action == ActionFail {
		return nil, &StateError{State: d.State, Reason: d.Reason, Remedy: d.Hint, Err: d.Err}
	}
	out := &EnsureResult{
		Ref: j.ref, Identity: j.identity, Engine: j.engine.Name(), State: d.State,
		Reason: d.Reason, Platform: j.o.Platform, Duration: time.Since(start),
	}
	switch d.Action {
	case ActionUse:
		out.Source, out.Verified = SourceLocal, j.local.verified
		if j.o.Verifier == nil && !j.local.marked && !j.local.early {
			j.mark(j.local.image.ID)
		}
	case ActionPull:
		out.Source, out.Digest, out.Verified = SourcePulled, d.Digest, VerifiedBySignature
	case ActionBuild:
		out.Source, out.Verified = SourceBuilt, VerifiedByBuild
	}
	if j.o.Verifier == nil {
		out.Verified = ""
	}
	return out, nil
}

// job is one image, wanted in one engine.
type job struct {
	Base
	ref      tag.Ref
	identity string
	o        Options
	engine   engine.Engine
	local    local
	// cannotBuild: the engine is no [engine.Builder].
	cannotBuild bool
	runs        string // the engine's platform
	// seen is what the probe saw.
	seen *registry.Result
	// differs tells why the engine may reach what the probe does not; empty: it
	// may not.
	differs string
}

// newJob checks the input and picks the first engine that answers. The
// question that shows it is the one that has to be asked anyway.
func newJob(ctx context.Context, b Base, o Options) (*job, error) {
	ref, err := b.check()
	if err != nil {
		return nil, err
	}
	if err := b.checkSources(); err != nil {
		return nil, err
	}
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	j := &job{Base: b, ref: ref, o: o, identity: b.Identity()}
	first, down, err := engines.First(o.Engines, func(e engine.Engine) error {
		j.engine, j.o.Platform = e, o.Platform
		if err := j.describe(ctx); err != nil {
			return err
		}
		return j.look(ctx)
	})
	switch {
	case err != nil:
		return nil, err
	case first == nil:
		return nil, errors.Join(down...)
	}
	for _, d := range down {
		o.Notify(Notice{Text: fmt.Sprintf("%v; using %s", d, first.Name()), Warning: true})
	}
	if d := fromLocal(j.local, j.o); d == nil || d.Action != ActionUse {
		j.warnOfEmulation()
	}
	return j, j.checkBuilder()
}

// checkBuilder turns building off where the engine cannot build.
func (j *job) checkBuilder() error {
	if _, can := j.engine.(engine.Builder); can {
		return nil
	}
	if j.o.Build == PolicyAlways {
		return &InputError{Err: fmt.Errorf("%s cannot build images", j.engine.Name()), Remedy: "choose an engine that can build"}
	}
	j.o.Build, j.cannotBuild = PolicyNever, true
	return nil
}

// say adds to a failure what the decision does not know of the engine.
func (j *job) say(d *Decision) *Decision {
	if d.Action == ActionFail && j.cannotBuild {
		d.Reason += "; and " + j.engine.Name() + " cannot build images"
		if d.Hint == "" || d.Hint == hintAllow {
			d.Hint = "allow pulling, or choose an engine that can build"
		}
	}
	return d
}

// describe asks the engine for its platform, which is the one of the image
// where none was chosen.
func (j *job) describe(ctx context.Context) error {
	j.runs = HostPlatform()
	if d, can := j.engine.(engine.Describer); can {
		err := j.patiently(func() (err error) {
			j.runs, _, err = d.Describe(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	j.o.Platform = cmp.Or(j.o.Platform, j.runs)
	return nil
}

// warnOfEmulation says where the engine cannot run the image by itself.
func (j *job) warnOfEmulation() {
	if machine(j.o.Platform) != machine(j.runs) {
		j.o.Notify(Notice{Text: fmt.Sprintf("%s runs %s: an image for %s needs emulation", j.engine.Name(), j.runs, j.o.Platform), Warning: true})
	}
}

// machine is a platform without its variant.
func machine(platform string) string {
	os, rest, _ := strings.Cut(platform, "/")
	arch, _, _ := strings.Cut(rest, "/")
	return os + "/" + arch
}

// look asks the engine what it has under the ref.
func (j *job) look(ctx context.Context) error {
	image, err := j.inspect(ctx, j.ref.String())
	switch {
	case errors.Is(err, engine.ErrNotFound):
		j.local = local{}
		return nil
	case err != nil:
		return err
	}
	j.local = local{image: image, early: j.isEarly(image)}
	j.local.wrong, j.local.hint = j.judge(image, j.local.early)
	switch {
	case !j.local.good():
	case j.o.Verifier != nil:
		j.local.verified, j.local.wrong = j.origin(image)
	case !j.local.early:
		j.local.wrong = j.replaced(image)
	}
	return nil
}

// quiet is how long an engine may think about a question before that is said.
const quiet = 10 * time.Second

// inspect asks the engine for an image.
func (j *job) inspect(ctx context.Context, ref string) (image *engine.Image, err error) {
	err = j.patiently(func() (err error) {
		image, err = j.engine.Inspect(ctx, ref)
		return err
	})
	return image, err
}

// patiently asks the engine, and says so when the answer takes long.
func (j *job) patiently(ask func() error) error {
	done := make(chan error, 1)
	go func() { done <- ask() }()
	for start := time.Now(); ; {
		select {
		case err := <-done:
			return err
		case <-time.After(quiet):
			j.o.Notify(Notice{Text: fmt.Sprintf("waiting for %s to answer (%s so far)", j.engine.Name(), time.Since(start).Round(time.Second))})
		}
	}
}

// decide takes the whole decision, and asks the registry where it has to.
// With pulls, what the registry has is pulled next and looked at then.
func (j *job) decide(ctx context.Context, pulls bool) (*Decision, error) {
	d := fromLocal(j.local, j.o)
	if d != nil {
		return d, nil
	}
	if j.local.image != nil && !j.local.good() {
		j.o.Notify(Notice{Text: fmt.Sprintf("local image %s in %s rejected: %s", j.ref, j.engine.Name(), j.local.wrong), Hint: j.local.hint, Warning: true})
	}
	q, err := j.query([]string{j.o.Platform})
	if err != nil {
		return nil, err
	}
	q.SkipLayers = pulls
	end := j.o.begin(PhaseProbe, 0)
	res, err := j.probe(ctx, q)
	end()
	if err != nil {
		return nil, err
	}
	for _, w := range res.Warnings {
		j.o.Notify(Notice{Text: w, Warning: true})
	}
	j.seen = res
	d = fromRegistry(j.local, res, j.o)
	j.askFirst(d)
	if d.Action == ActionPull {
		d.From = cmp.Or(res.Source, j.Repository)
		switch {
		case res.Place != "":
			d.Reason = strings.Replace(d.Reason, "the registry", res.Place, 1) + ", where " + j.engine.Name() + " looks for " + d.From
		case d.From != j.Repository:
			d.Reason = strings.Replace(d.Reason, "the registry", d.From, 1)
		}
	}
	return d, nil
}

// probe asks for the tag, or for the digest that the image is known by. A
// registry that has another digest under the tag serves something else.
func (j *job) probe(ctx context.Context, q registry.Query) (*registry.Result, error) {
	o := j.o.Registry
	if e, tells := j.engine.(access.Engine); tells {
		o.Access = e.Access(ctx)
		j.differs = o.Access.Differs
		if j.o.Verifier != nil {
			o.Access = byDigest(o.Access)
		}
	}
	q.Digest, q.Sources = j.Digest, j.Sources
	res, err := registry.Probe(ctx, q, o)
	if err != nil || j.Digest == "" || res.State != registry.StateAbsent {
		return res, err
	}
	q.Digest = ""
	byTag, err := registry.Probe(ctx, q, o)
	if err != nil || byTag.Digest == "" || byTag.Digest == j.Digest {
		return byTag, err
	}
	byTag.State, byTag.Missing, byTag.Children = registry.StateInvalid, q.Platforms, nil
	byTag.Reason = fmt.Sprintf("published image differs from the one this release was built with: it is %s, not %s", byTag.Digest, j.Digest)
	byTag.Hint = "the registry or a mirror serves another image under this tag: tell its owner"
	return byTag, nil
}

// underLock decides and does what was decided, alone.
func (j *job) underLock(ctx context.Context) (*Decision, error) {
	dir := j.o.LockDir
	if dir == "" {
		var err error
		if dir, err = userdir.Locks(); err != nil {
			return nil, &InputError{Err: fmt.Errorf("locks: %w", err), Remedy: "set HOME, or XDG_CACHE_HOME to a directory that is yours"}
		}
	}
	end := j.o.begin(PhaseWait, 0)
	l, err := lock.Acquire(ctx, dir, j.key(), j.o.WaitTimeout, j.waiting)
	end()
	if err != nil {
		return nil, err
	}
	defer l.Release()
	// The process that had the lock has most likely done the work.
	if err := j.look(ctx); err != nil {
		return nil, err
	}
	d, err := j.decide(ctx, true)
	if err != nil {
		return nil, err
	}
	switch {
	case d.ask:
		d, err = j.askEngine(ctx, *d)
	case d.Action == ActionPull:
		d, err = j.pull(ctx, *d)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case d.Action == ActionBuild:
		return d, j.build(ctx, d)
	case d.Action == ActionUse && d.Warn:
		j.o.Notify(Notice{Text: d.Reason, Hint: d.Hint, Warning: true})
	}
	return d, nil
}

// key names the image that is wanted, and the store that it is wanted in.
func (j *job) key() string { return j.engine.Store() + "\x00" + j.identity + "\x00" + j.o.Platform }

func (j *job) waiting(holder string, waited time.Duration) {
	text := fmt.Sprintf("waiting for %s, which is getting the same image", holder)
	if s := waited.Round(time.Second); s > 0 {
		text += fmt.Sprintf(" (%s so far)", s)
	}
	j.o.Notify(Notice{Text: text})
}

package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/record"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// pull fetches what the probe saw, by digest, and gives it the ref only once
// it has proved to be the image. It returns what to do next where it is not.
func (j *job) pull(ctx context.Context, d Decision) (*Decision, error) {
	if refused, err := j.verify(ctx, d); refused != nil || err != nil {
		return refused, err
	}
	pinned := d.From + "@" + d.Manifest
	if j.seen.ByTag {
		pinned = d.From + ":" + j.ref.Tag // by digest, the engine does not ask the mirror that has it, or its policy rejects it
	}
	j.o.Notify(Notice{Text: fmt.Sprintf("pulling %s with %s", j.ref, j.engine.Name())})
	end := j.o.begin(PhasePull, d.Size)
	err := late(j.pullTwice(ctx, pinned), "--pull-timeout")
	end()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return afterPull(d, d.State, "the pull failed: "+sanitize.Line(err.Error()), err, j.o), nil
	}
	image, err := j.inspect(ctx, pinned)
	if err != nil {
		return nil, fmt.Errorf("%s pulled %s but does not list it: %w", j.engine.Name(), pinned, err)
	}
	wrong, hint := j.judge(image, d.early)
	if wrong != "" {
		// That image was not requested. It stays where another name holds it.
		_ = j.engine.Remove(ctx, pinned)
		next := afterPull(d, registry.StateInvalid, "what was pulled is not our image: "+wrong, nil, j.o)
		next.Hint = hint
		return next, nil
	}
	if err := j.engine.Tag(ctx, image.ID, j.ref.String()); err != nil {
		return nil, err
	}
	j.mark(image.ID)
	if j.o.Verifier != nil {
		j.remember(record.Record{Image: image.ID, Digest: d.Digest, Manifest: d.Manifest, Policy: j.o.Verifier.Fingerprint()})
	}
	return &d, nil
}

// pullTwice tries a pull once more: most lost connections are lost once. One
// that hangs is given up: it has cost enough time.
func (j *job) pullTwice(ctx context.Context, pinned string) error {
	o := engine.PullOptions{IgnoreLogins: j.seen.IgnoreLogins, Login: j.seen.Login, LoginAt: j.seen.Place, Timeout: j.o.PullTimeout}
	err := j.engine.Pull(ctx, pinned, j.o.Platform, o)
	if limit := new(process.LimitError); err == nil || ctx.Err() != nil || errors.As(err, &limit) {
		return err
	}
	j.o.Notify(Notice{Text: sanitize.Line(err.Error()) + "; trying once more", Warning: true})
	return j.engine.Pull(ctx, pinned, j.o.Platform, o)
}

// build builds the image and gives it the ref only once it is whole.
func (j *job) build(ctx context.Context, d *Decision) error {
	j.o.Notify(Notice{Text: fmt.Sprintf("building %s with %s: %s", j.ref, j.engine.Name(), d.Reason), Hint: d.Hint, Warning: d.Warn})
	name := temporaryName()
	defer j.forget(ctx, name)
	image, err := j.buildOnce(ctx, name, j.o.NoCache)
	if errors.Is(err, engine.ErrNotFound) {
		// In a store that many podmans write to at once, what one has built can be
		// gone: seen with 4.3 while others named and unnamed images.
		j.o.Notify(Notice{Text: sanitize.Line(err.Error()) + "; building once more", Warning: true})
		image, err = j.buildOnce(ctx, name, j.o.NoCache)
	}
	if err == nil && !j.o.NoCache && !platform.Same(image.Platform, j.o.Platform) {
		// Podman's cache does not look at the platform of what is FROM scratch.
		j.o.Notify(Notice{Text: fmt.Sprintf("%s reused an image for %s; building without its cache", j.engine.Name(), image.Platform)})
		j.forget(ctx, name) // else the next build leaves this image without a name
		image, err = j.buildOnce(ctx, name, true)
	}
	if err != nil {
		return err
	}
	if wrong := judge(image, j.identity, j.o.Platform); wrong != "" {
		return fmt.Errorf("%s built the wrong image: %s", j.engine.Name(), wrong)
	}
	if err := j.engine.Tag(ctx, image.ID, j.ref.String()); err != nil {
		return err
	}
	j.mark(image.ID)
	j.remember(record.Record{Image: image.ID})
	return nil
}

func (j *job) buildOnce(ctx context.Context, name string, noCache bool) (*engine.Image, error) {
	builder, can := j.engine.(engine.Builder)
	if !can {
		return nil, fmt.Errorf("%s cannot build images", j.engine.Name())
	}
	end := j.o.begin(PhaseBuild, 0)
	id, err := builder.Build(ctx, engine.BuildRequest{
		Containerfile: j.Containerfile, Platform: j.o.Platform, Name: name,
		Labels: map[string]string{tag.Label: j.identity}, NoCache: noCache, Timeout: j.o.BuildTimeout,
	})
	end()
	if err != nil {
		return nil, late(err, "--build-timeout")
	}
	image, err := j.inspect(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%s built an image but does not list it: %w", j.engine.Name(), err)
	}
	return image, nil
}

// temporaryName is a name for an image that is being judged. By a name it is
// found whatever the engine reports of it, and leaves nothing when that goes.
func temporaryName() string { return "localhost/openlock-build:" + strings.ToLower(rand.Text()) }

// Limits on the removal of a temporary name. A person who pressed Ctrl-C is
// waiting, and an interrupted build has named nothing, save by chance.
const (
	forgetTimeout      = 10 * time.Second
	forgetAfterTimeout = time.Second
)

// forget removes a temporary name, and with it an image that has no other.
func (j *job) forget(ctx context.Context, name string) {
	limit := forgetTimeout
	if ctx.Err() != nil {
		limit = forgetAfterTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_ = j.engine.Remove(ctx, name) // after a build that failed it is not there
}

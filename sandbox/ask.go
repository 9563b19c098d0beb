package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
)

// askTimeout is how long a pull may be without a layer that is tried although
// the probe did not reach the image.
const askTimeout = 10 * time.Second

// doubtful decides whether the engine itself is to pull the image before it is
// built, or is not to be had, because the probe did not learn of it: differs
// tells why the engine may reach what the probe does not. Never after the
// registry's word that it has no such image, or another.
func doubtful(d *Decision, differs string) bool {
	unknown := d.State == registry.StateUnreachable || d.State == registry.StateDenied
	return differs != "" && unknown && (d.Action == ActionBuild || d.Action == ActionFail)
}

// askFirst has a decision tell what is done before it: the engine is asked. It
// is not where a signature has to be verified, since the probe has no digest
// that the signature could be of.
func (j *job) askFirst(d *Decision) {
	switch name := j.engine.Name(); {
	case !doubtful(d, j.differs):
	case j.o.Verifier != nil:
		d.Reason += fmt.Sprintf("; %s is not asked to pull it, since no signature could be verified", name)
	default:
		d.ask = true
	}
}

// askEngine has the engine pull the canonical ref, once. It returns what to do
// next; the reason tells both answers.
func (j *job) askEngine(ctx context.Context, d Decision) (*Decision, error) {
	name, ref := j.engine.Name(), j.ref.String()
	j.o.Notify(Notice{Text: fmt.Sprintf("asking %s to pull %s: %s; %s", name, ref, d.Reason, j.differs)})
	end := j.o.begin(PhasePull, 0)
	err := j.engine.Pull(ctx, ref, j.o.Platform, engine.PullOptions{Timeout: j.o.PullTimeout, BeginTimeout: askTimeout})
	end()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		d.Reason += fmt.Sprintf("; %s could not pull it either: %s", name, inItsWords(err))
		return &d, nil
	}
	image, err := j.inspect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("%s pulled %s but does not list it: %w", name, ref, err)
	}
	wrong, hint := j.judge(image, j.isEarly(image))
	if wrong == "" && j.Digest != "" && !knownBy(image, j.Digest) {
		wrong = "its digest is not the one that this release was built with, " + j.Digest
	}
	if wrong != "" {
		_ = j.engine.Remove(ctx, ref)
		reason := fmt.Sprintf("%s; the image that %s pulled is not ours: %s", d.Reason, name, wrong)
		next := afterPull(d, registry.StateInvalid, reason, nil, j.o)
		next.Hint = hint
		return next, nil
	}
	j.mark(image.ID)
	d.Action, d.Digest, d.Err, d.Hint, d.Warn = ActionPull, j.Digest, nil, "", false
	d.Reason += fmt.Sprintf("; %s pulled it: %s", name, j.differs)
	return &d, nil
}

// inItsWords is what an engine's command failed with, and the last line that it
// printed.
func inItsWords(err error) string {
	text := sanitize.Line(err.Error())
	if said := new(process.Error); errors.As(err, &said) {
		if last := sanitize.LastLine([]byte(said.Tail)); last != "" {
			text += ": " + last
		}
	}
	return text
}

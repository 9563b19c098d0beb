package sandbox

import (
	"fmt"
	"slices"

	"github.com/vessux/openlock/internal/label"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// Action is what a decision comes to.
type Action string

// The actions.
const (
	ActionUse   Action = "use"   // the image in the engine's store
	ActionPull  Action = "pull"  // from the registry, by digest
	ActionBuild Action = "build" // from the Containerfile's bytes
	ActionFail  Action = "fail"  // nothing is allowed that could help
)

// Decision is what to do about an image, and why. The two functions that
// decide, [fromLocal] and [fromRegistry], are pure, so that the whole table of
// cases can be read and tested.
type Decision struct {
	Action Action
	State  registry.State // what the registry said; empty where it was not asked
	Digest string         // sha256:… of what the tag names in the registry; empty where not known
	// Manifest is the digest of the platform's own image, sha256:…, where the
	// action is Pull. That is what is pulled: the choice of the platform was
	// made by the probe, which has looked at it, and Docker cannot have an
	// index for two platforms at once.
	Manifest string
	From     string // repository that is pulled from, where the action is ActionPull
	Size     int64  // of a pull, as it is transferred, in bytes; 0: not known
	Reason   string // one line, fit to print
	Hint     string // the remedy, may be empty
	Err      error  // the cause of a state other than complete, or of a failed pull; may be nil
	early    bool   // what is pulled is known by its digest, without the label
	ask      bool   // the engine is to pull the canonical ref first
	// Warn asks for the reason to be a warning, since the action is not the
	// one that a healthy world would lead to.
	Warn bool
}

// local is what the engine's store has under the ref.
type local struct {
	image *engine.Image // nil: nothing
	wrong string        // why the image is not the one; empty: it is
	hint  string        // the remedy, may be empty
	early bool          // it is known by its digest, without the label
	// marked: openlock has given it the name, or found it there before.
	marked bool
	// verified tells what shows that it is, where a verifier has to.
	verified Verified
}

// words is the end of the reason to use it.
func (l local) words() string {
	if l.early {
		return label.ByAge + l.verified.words()
	}
	return l.verified.words()
}

func (l local) good() bool { return l.image != nil && l.wrong == "" }

// judge compares an image with what it has to be. The label is compared
// because a tag is only 48 bits, and because anybody can tag anything locally.
func judge(image *engine.Image, identity, want string) string {
	got, labelled := image.Labels[tag.Label]
	switch {
	case !labelled:
		return "it " + label.NotCarried
	case got != identity:
		return "its label names another Containerfile" + label.Suffix(got)
	case !platform.Same(image.Platform, want):
		return fmt.Sprintf("it is for %s, not for %s", image.Platform, want)
	}
	return ""
}

// judge is [judge] for images of early tags too: those have no label, and are
// known by their digests, which no derived image has.
func (j *job) judge(image *engine.Image, early bool) (wrong, hint string) {
	_, labelled := image.Labels[tag.Label]
	switch {
	case labelled:
	case early:
		known := *image
		known.Labels = map[string]string{tag.Label: j.identity}
		image = &known
	default:
		var suffix string
		suffix, hint = label.Missing(j.Early, j.ref.Tag)
		return judge(image, j.identity, j.o.Platform) + suffix, hint
	}
	return judge(image, j.identity, j.o.Platform), ""
}

// isEarly reports whether the engine knows an image by a digest of an early tag.
func (j *job) isEarly(image *engine.Image) bool {
	return slices.ContainsFunc(j.Early[j.ref.Tag], func(digest string) bool { return knownBy(image, digest) })
}

// hintAllow is the remedy where the policies allow nothing that could help.
const hintAllow = "allow one of them: --pull missing, or --build missing"

// fromLocal decides what can be decided without asking the registry. It
// returns nil when the registry has to be asked.
func fromLocal(l local, o Options) *Decision {
	switch {
	case o.Build == PolicyAlways:
		return &Decision{Action: ActionBuild, Reason: "build requested"}
	case l.good() && o.Pull != PolicyAlways:
		return &Decision{Action: ActionUse, Reason: "the image exists locally" + l.words()}
	case o.Pull != PolicyNever:
		return nil
	}
	d := &Decision{Action: ActionBuild, Reason: "no local image, and pulling is off"}
	if l.image != nil {
		d.Reason, d.Warn = "local image rejected: "+l.wrong+"; pulling is off", true
	}
	if o.Build == PolicyNever {
		d.Action, d.State = ActionFail, registry.StateAbsent
		d.Reason += ", and so is building"
		d.Hint = hintAllow
		if l.image != nil {
			d.State = registry.StateInvalid
		}
	}
	return d
}

// fromRegistry decides by what the registry said.
func fromRegistry(l local, r *registry.Result, o Options) *Decision {
	d := &Decision{State: r.State, Digest: r.Digest, Reason: r.Reason, Hint: r.Hint, Err: r.Err}
	child, ok := offered(r, o.Platform)
	switch {
	case ok:
		d.Action, d.Manifest, d.Size, d.Hint, d.Err = ActionPull, child.Digest, child.ImageSize, "", nil
		d.Reason = "the registry has it for " + o.Platform
		if d.early = r.Early; d.early {
			d.Reason += label.ByAge
		}
	case o.Build == PolicyNever:
		d.Action = ActionFail
	case l.good():
		// Only "--pull always" gets here with a good image.
		d.Action, d.Warn = ActionUse, true
		d.Reason = "the image exists locally, and it could not be pulled again: " + r.Reason
	default:
		d.Action = ActionBuild
		d.Warn = r.State != registry.StateAbsent && r.State != registry.StateIncomplete
	}
	return d
}

// afterPull decides when a pull has failed for good, or has brought another
// image than the registry told of.
func afterPull(d Decision, state registry.State, reason string, cause error, o Options) *Decision {
	next := &Decision{Action: ActionBuild, State: state, Digest: d.Digest, Reason: reason, Hint: hintOf(cause), Err: cause, Warn: true}
	if o.Build == PolicyNever {
		next.Action = ActionFail
	}
	return next
}

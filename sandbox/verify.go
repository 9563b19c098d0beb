package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/record"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
)

// Verified tells what shows that an image is the one, where a [Verifier] is
// given.
type Verified string

// What an image can be verified by.
const (
	VerifiedBySignature Verified = "signature" // which was verified now
	VerifiedByRecord    Verified = "record"    // of a signature that was verified before
	VerifiedByBuild     Verified = "build"     // on this machine, from the Containerfile's bytes: no signature is needed
)

// words is the end of a reason.
func (v Verified) words() string {
	switch v {
	case VerifiedByRecord:
		return ", and its signature was verified before"
	case VerifiedByBuild:
		return ", and was built here: there is no signature to verify"
	}
	return ""
}

// origin tells what shows that an image in the store may be used, or why it
// may not. The label alone does not: it can be copied.
func (j *job) origin(image *engine.Image) (v Verified, wrong string) {
	r := record.Load(j.o.RecordDir, j.key())
	switch {
	case r == nil || r.Image != image.ID:
		return "", "it was neither verified nor built here"
	case r.Built():
		return VerifiedByBuild, ""
	case !knownBy(image, r.Manifest):
		// Podman's ID is the config's digest, and podman does not compare layers
		// with the config: another image can have the same.
		return "", "its layers are not known to be those that were verified"
	case r.Policy != j.o.Verifier.Fingerprint():
		return "", "it was verified by another policy"
	case j.Digest != "" && r.Digest != j.Digest:
		return "", "it is not the image that this release was built with"
	}
	return VerifiedByRecord, ""
}

// replaced tells whether the name has another image than openlock gave it, such as
// one that was built FROM the base: that has the base's label too, and an ID of its
// own. Where there is no mark, what the engine knows of its origin and the label
// decide.
func (j *job) replaced(image *engine.Image) (wrong string) {
	switch mark := record.Marked(j.o.RecordDir, j.key()); {
	case mark == image.ID:
		j.local.marked = true
	case mark != "":
		return "it is not the image that openlock put there" + inherited
	case image.LastStep != "" && !strings.Contains(image.LastStep, tag.Label):
		// A label that was given to a build is its last step.
		return "it was built FROM another image" + inherited
	}
	return ""
}

// inherited says why the label does not count.
const inherited = ", though it has the label: images that are built FROM the base inherit it"

// mark remembers which image has the name. Without a mark, the label decides.
func (j *job) mark(image string) {
	if j.o.RecordDir != "" {
		_ = record.Mark(j.o.RecordDir, j.key(), image)
	}
}

// knownBy reports whether the engine knows an image by a manifest's digest.
func knownBy(image *engine.Image, manifest string) bool {
	return slices.ContainsFunc(image.Digests, func(d string) bool { return strings.HasSuffix(d, "@"+manifest) })
}

// remember keeps a record. Without one, the image is verified once more the
// next time.
func (j *job) remember(r record.Record) {
	if j.o.RecordDir == "" {
		return
	}
	if err := record.Save(j.o.RecordDir, j.key(), r); err != nil {
		j.o.Notify(Notice{Text: "where the image is from is not remembered: " + sanitize.Line(err.Error()), Warning: j.o.Verifier != nil})
	}
}

// verify has what the probe saw verified before anything of it is pulled. The
// decision is nil where it may be pulled; else it is to fail: a caller that wants
// signatures does not want a way around them.
func (j *job) verify(ctx context.Context, d Decision) (*Decision, error) {
	if j.o.Verifier == nil {
		return nil, nil
	}
	j.o.Notify(Notice{Text: fmt.Sprintf("verifying the signature of %s", j.ref)})
	end := j.o.begin(PhaseVerify, 0)
	err := j.o.Verifier.Verify(ctx, signature.Subject{Ref: tag.Ref{Repository: d.From, Tag: j.ref.Tag}, Digest: d.Digest, Identity: j.identity, Platform: j.o.Platform})
	end()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	refused := new(signature.Error)
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &refused) && !refused.Missing:
		return &Decision{Action: ActionFail, State: registry.StateInvalid, Digest: d.Digest, Reason: refused.Reason, Hint: refused.Remedy, Err: err}, nil
	}
	return nil, err
}

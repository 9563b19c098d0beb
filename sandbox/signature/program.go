package signature

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// ProgramName is the program that verifies.
const ProgramName = "openlock-verify"

// Hint is the way to get the program.
const Hint = "get " + ProgramName + " from the release that openlock is from, and put it beside openlock or in PATH; " +
	"or build it in a checkout: go -C tools/verify install ./" + ProgramName

// defaultTimeout is the default of [Verifier.Timeout].
const defaultTimeout = limit.Verify

// Subject is what has to be signed.
type Subject struct {
	Ref      tag.Ref
	Digest   string // sha256:…, of what the tag names: an index, or an image
	Identity string // that the image's label has to name
	Platform string // os/arch[/variant], whose image is wanted
}

// Error tells that an image is not verified, whatever the reason: it is then
// not to be used.
type Error struct {
	Reason string // one line, fit to print
	Remedy string // the remedy, may be empty
	// Unable tells that nothing was verified: [ProgramName] is missing, or is
	// another program.
	Unable bool
	// Missing tells that [ProgramName] was not run: it is not installed, or
	// another user could have written it.
	Missing bool
	Err     error // the cause; may be nil
}

func (e *Error) Error() string { return e.Reason }

// Hint returns the remedy, one line; empty where there is none.
func (e *Error) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

// Verifier has images verified by [ProgramName].
type Verifier struct {
	Policy   *Policy
	Timeout  time.Duration    // of one verification; default 1 min
	Registry registry.Options // bounds of its questions
	// Using is called with the path of [ProgramName] before it is run; may be nil.
	Using func(path string)
}

// Fingerprint identifies what is accepted, see [Policy.Fingerprint].
func (v *Verifier) Fingerprint() string { return v.Policy.Fingerprint() }

// Verify returns nil only where the program says, of just this digest, that
// it is signed as the policy wants. The error is an [*Error], or ctx's cause.
func (v *Verifier) Verify(ctx context.Context, s Subject) error {
	subject := s.Ref.String() + "@" + s.Digest
	unable := func(err error, hint string) *Error {
		return &Error{Reason: fmt.Sprintf("the signature of %s cannot be verified: %v", s.Ref, err), Remedy: hint, Unable: true, Err: err}
	}
	path, err := find()
	if err != nil {
		e := unable(err, cmp.Or(hintOf(err), Hint))
		e.Missing = true
		return e
	}
	dir, err := temporary()
	if err != nil {
		return unable(err, hintOf(err))
	}
	defer os.RemoveAll(dir)
	args, err := v.args(s, dir)
	if err != nil {
		return unable(err, "")
	}
	timeout := v.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if v.Using != nil {
		v.Using(path)
	}
	out, err := process.Program{Name: ProgramName, Path: path}.AskWithin(ctx, timeout, args...)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		reason, hint := said(err)
		return &Error{Reason: subject + " is not verified: " + reason, Remedy: hint, Err: err}
	}
	// An exit code alone may be that of another program by this name.
	if got := strings.TrimSpace(string(out)); got != subject {
		return unable(fmt.Errorf("%s answers %q, and not what it was asked about", path, sanitize.Line(got)), Hint)
	}
	return nil
}

// said returns what the program told of why, in its own voice: its name, the
// reason, and a remedy in a line of its own.
func said(err error) (reason, hint string) {
	failed := new(process.Error)
	if errors.As(err, &failed) {
		for line := range strings.SplitSeq(failed.Tail, "\n") {
			if text, found := strings.CutPrefix(line, ProgramName+": "); found {
				reason = sanitize.Line(text)
			}
			if text, found := strings.CutPrefix(line, "hint: "); found {
				hint = sanitize.Line(text)
			}
		}
	}
	if reason == "" {
		reason = sanitize.Line(err.Error())
	}
	return reason, hint
}

// args writes the policy's files into dir: what was read once, and is part of
// the policy's fingerprint, is what the program gets.
func (v *Verifier) args(s Subject, dir string) ([]string, error) {
	args := []string{s.Ref.String() + "@" + s.Digest, "--identity", s.Identity, "--platform", s.Platform}
	give := func(flag, value string) {
		if value != "" {
			args = append(args, "--"+flag+"="+value)
		}
	}
	giveFile := func(flag string, content []byte) error {
		if len(content) == 0 {
			return nil
		}
		path := filepath.Join(dir, flag)
		give(flag, path)
		return os.WriteFile(path, content, 0o600)
	}
	giveTime := func(flag string, d time.Duration) {
		if d > 0 {
			give(flag, d.String())
		}
	}
	give(wordIdentity, v.Policy.CertificateIdentity)
	give(wordIdentityRegexp, v.Policy.CertificateIdentityRegexp)
	give(wordIssuer, v.Policy.CertificateIssuer)
	give(wordIssuerRegexp, v.Policy.CertificateIssuerRegexp)
	giveTime("timeout", v.Timeout)
	giveTime("connect-timeout", v.Registry.ConnectTimeout)
	giveTime("header-timeout", v.Registry.HeaderTimeout)
	giveTime("probe-timeout", v.Registry.Timeout)
	err := errors.Join(giveFile(wordKey, v.Policy.Key), giveFile(wordTrustedRoot, v.Policy.TrustedRoot))
	return args, err
}

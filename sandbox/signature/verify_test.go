//go:build unix

package signature

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/tag"
)

// subject is an image with everything that the program is asked about.
var subject = Subject{Ref: tag.Ref{Repository: "r.example/a", Tag: "0123456789ab"}, Digest: "sha256:d", Identity: "i", Platform: "linux/amd64"}

// answering is a verifier whose program is a shell script.
func answering(t *testing.T, script string) *Verifier {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ProgramName), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return &Verifier{Policy: &Policy{Key: []byte(public)}}
}

// TestVerifyBelieves only the program's own word about just this digest.
func TestVerifyBelieves(t *testing.T) {
	for _, c := range []struct {
		script string
		reason string // empty: verified
		remedy string
		unable bool
	}{
		{`echo "$1"`, "", "", false},
		{`echo "$1 and more"`, "and not what it was asked about", Hint, true},
		{`exit 0`, "and not what it was asked about", Hint, true},
		{`echo "` + ProgramName + `: no signature" >&2; echo "hint: sign it" >&2; exit 1`, " is not verified: no signature", "sign it", false},
		{`echo "$1"; exit 1`, " is not verified: " + ProgramName, "", false},
		{`echo "something else" >&2; exit 1`, " is not verified: " + ProgramName, "", false},
	} {
		err := answering(t, c.script).Verify(t.Context(), subject)
		e := new(Error)
		switch {
		case c.reason == "" && err == nil:
		case !errors.As(err, &e), c.reason == "", !strings.Contains(e.Reason, c.reason), e.Remedy != c.remedy, e.Unable != c.unable:
			t.Errorf("%s: %v, hint %q", c.script, err, e.Remedy)
		}
	}
}

// TestVerifyTakesItsTime and no more; the policy's files are gone afterwards.
func TestVerifyTakesItsTime(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	v := answering(t, "while :; do sleep 0.01; done")
	v.Timeout = 30 * time.Millisecond
	limit, e := new(process.LimitError), new(Error)
	if err := v.Verify(t.Context(), subject); !errors.As(err, &limit) || !errors.As(err, &e) || e.Unable {
		t.Errorf("%v", err)
	}
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if err := v.Verify(ctx, subject); !errors.Is(err, stop) || errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestPolicySaysWho: the text names the key by its digest, or the identity and
// its issuer, as they were given.
func TestPolicySaysWho(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		want   string
	}{
		{Policy{Key: []byte("no PEM")}, "a key"},
		{Policy{CertificateIdentity: "me", CertificateIssuer: "it"}, "me by it"},
		{Policy{CertificateIdentityRegexp: "m.", CertificateIssuerRegexp: "i."}, "/m./ by /i./"},
	} {
		if got := c.policy.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	p := Policy{Key: []byte(public)}
	if got := p.String(); len(got) != len("the key sha256:")+64 || !strings.HasPrefix(got, "the key sha256:") {
		t.Errorf("%q", got)
	}
}

// TestUnreadableFile: the error is that of reading, not that it is empty.
func TestUnreadableFile(t *testing.T) {
	for _, text := range []string{"key=none", "certificate-identity=a,certificate-oidc-issuer=b,trusted-root=none"} {
		if _, err := Parse(text, files); err == nil || !strings.HasSuffix(err.Error(), "none: no such file") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestProgramBesideThisOne is preferred to that in PATH; where it cannot be
// executed, that is said.
func TestProgramBesideThisOne(t *testing.T) {
	v := answering(t, "exit 1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(self), ProgramName)
	t.Cleanup(func() { os.Remove(beside) })
	if err := os.WriteFile(beside, []byte("#!/bin/sh\necho \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(t.Context(), subject); err != nil {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(beside, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := new(Error); !errors.As(v.Verify(t.Context(), subject), &e) || !e.Unable || !errors.Is(e, os.ErrPermission) {
		t.Errorf("%+v", e)
	}
}

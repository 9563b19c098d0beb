package cli

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/signature"
)

// TestVerifier: a policy, off, or a message that names where it comes from.
func TestVerifier(t *testing.T) {
	config := isolate(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "cosign.pub")
	write(t, key, publicKey(t))
	verifier := func(flags Flags) (*signature.Verifier, error) {
		t.Helper()
		s, err := flags.resolve(Openlock, base.Default())
		if err != nil {
			t.Fatal(err)
		}
		v, err := (&App{Err: io.Discard}).Verifier(s)
		if v == nil {
			return nil, err
		}
		return v.(*signature.Verifier), err
	}
	for _, flags := range []Flags{nil, {"verify": ptr("off")}} {
		if v, err := verifier(flags); v != nil || err != nil {
			t.Errorf("%v: %+v, %v", flags, v, err)
		}
	}
	v, err := verifier(Flags{"verify": ptr("key=" + key), "verify-timeout": ptr("7s"), "probe-timeout": ptr("5s")})
	if err != nil || v == nil || v.Policy == nil || v.Timeout != 7*time.Second || v.Registry.Timeout != 5*time.Second {
		t.Errorf("%+v, %v", v, err)
	}
	write(t, config, `verify = "key=`+key+`"`)
	if v, err := verifier(nil); v == nil || err != nil {
		t.Errorf("of the file: %+v, %v", v, err)
	}
	if v, err := verifier(Flags{"verify": ptr("off")}); v != nil || err != nil {
		t.Errorf("off over the file: %+v, %v", v, err)
	}
	refuse := func(flags Flags, from string) {
		t.Helper()
		_, err := verifier(flags)
		if ExitCode(err) != 2 || !strings.HasPrefix(err.Error(), from) || !strings.Contains(Words("x", err), "hint: for example --verify key=cosign.pub") {
			t.Errorf("%v, want %s…", err, from)
		}
	}
	refuse(Flags{"verify": ptr("key=" + key + "x")}, "verify: ")
	t.Setenv("OPENLOCK_VERIFY", "key="+key+"x")
	refuse(nil, "verify: OPENLOCK_VERIFY: ")
}

// TestVerifierOfVerbs: what ensure and plan verify by; a build has none.
func TestVerifierOfVerbs(t *testing.T) {
	r := newRig(t)
	key := filepath.Join(t.TempDir(), "cosign.pub")
	write(t, key, publicKey(t))
	r.publish(t)
	out, said, code := run(t, r.args("plan", "--verify", "key="+key)...)
	if code != 0 || !strings.HasPrefix(out, "pull ") || !strings.HasSuffix(out, ", where its signature is the right one\n") {
		t.Errorf("%q, %q, %d", out, said, code)
	}
	for _, verb := range []string{"plan", "ensure"} {
		if _, said, code := run(t, r.args(verb, "--verify", "nonsense")...); code != 2 || !strings.HasPrefix(said, "openlock: verify: ") {
			t.Errorf("%s: %q, %d", verb, said, code)
		}
	}
	if strings.Contains(r.asked(), "pull") {
		t.Errorf("%q", r.asked())
	}
}

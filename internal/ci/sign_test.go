package ci

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/cli"
)

// fakeCosign puts a cosign into the path that writes down its arguments.
func fakeCosign(t *testing.T) (log string) {
	t.Helper()
	bin := t.TempDir()
	log = filepath.Join(bin, "log")
	if err := os.WriteFile(filepath.Join(bin, "cosign"), []byte("#!/bin/sh\necho \"$*\" >> "+log+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	return log
}

// TestSign: only where something is set to sign by, and only what is published.
func TestSign(t *testing.T) {
	r := newRig(t, sound)
	for _, flags := range [][]string{nil, {"sign", "off"}} {
		a := r.app(flags...)
		a.JSON = true
		wants(t, Sign(t.Context(), a), 0, "")
		if got := decode[SignJSON](t, r.out.String()); got.Ref != r.ref.String() || got.Digest != "" || got.Outcome != "skipped" || got.Reason != "TOOL_SIGN is not set; not signing" {
			t.Errorf("%+v", got)
		}
		if !strings.HasPrefix(r.said.String(), "tool: skipped "+r.ref.String()+": TOOL_SIGN is not set") {
			t.Errorf("%q", r.said.String())
		}
	}
	if len(r.registry.Requests()) > 0 {
		t.Errorf("%v", r.registry.Requests())
	}
	wants(t, Sign(t.Context(), r.app("sign", "-x")), 2, "hint: TOOL_SIGN is keyless, or a key")
	a := r.app("sign", "a b")
	a.Program = cli.Program{Name: "tool"}
	wants(t, Sign(t.Context(), a), 2, "hint: -sign is keyless, or a key")
	wants(t, Sign(t.Context(), r.app("sign", "keyless", "verify", "nonsense")), 2, "verify: ")
	wants(t, Sign(t.Context(), r.app("sign", "keyless")), 3, "; not signing")

	log := fakeCosign(t)
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t)), PublishFlags{}), 0, "")
	digest := r.registry.Digest("example/base", r.ref.Tag)
	other := "sha256:" + strings.Repeat("0", 64)
	wants(t, Sign(t.Context(), r.app("sign", "keyless", "digest", other)), 7, r.ref.String()+" is at "+digest+", expected "+other+"; not signing")
	if _, err := os.Stat(log); err == nil {
		t.Error("cosign ran")
	}
	a = r.app("sign", "keyless", "digest", digest)
	a.JSON = true
	wants(t, Sign(t.Context(), a), 0, "")
	if got := decode[SignJSON](t, r.out.String()); got.Digest != digest || got.Outcome != "signed" || got.Reason != digest+" by keyless" {
		t.Errorf("%+v", got)
	}
	b, err := os.ReadFile(log)
	if err != nil || string(b) != "sign --yes "+r.ref.Repository+"@"+digest+"\n" {
		t.Errorf("%q, %v", b, err)
	}
	t.Setenv("PATH", t.TempDir())
	wants(t, Sign(t.Context(), r.app("sign", "keyless")), 2, "the program cosign is not installed\nhint: see https://")
}

package ci

import (
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/lint"
)

// unsound takes what its tag does not tell.
const unsound = "FROM debian:12\nRUN apt-get update\n"

// TestLint: each finding is said and annotated with its line, and one that is
// more than a warning fails.
func TestLint(t *testing.T) {
	r := newRig(t, sound)
	a := r.app()
	wants(t, Lint(a), 0, "")
	if r.out.String() != r.file+" is sound\n" || r.said.String() != "" {
		t.Errorf("%q, %q", r.out.String(), r.said.String())
	}
	a = r.app()
	a.JSON = true
	wants(t, Lint(a), 0, "")
	if r.out.String() != `{"sound":true,"findings":[]}`+"\n" {
		t.Errorf("%q", r.out.String())
	}

	r = newRig(t, unsound)
	wants(t, Lint(r.app()), 2, r.file+" is unsound: something else than the file decides the image\nhint: fix what is named above; -forceunsound publishes it all the same")
	if r.out.String() != "" || !strings.HasPrefix(r.said.String(), "tool: "+r.file+":1: ") || !strings.Contains(r.said.String(), "\nhint: ") ||
		!strings.Contains(r.said.String(), "\n::error file="+strings.NewReplacer(":", "%3A", ",", "%2C").Replace(r.file)+",line=1,") {
		t.Errorf("%q, %q", r.out.String(), r.said.String())
	}
	a = r.app()
	a.JSON = true
	wants(t, Lint(a), 2, "is unsound")
	got := decode[struct {
		Sound    bool           `json:"sound"`
		Findings []lint.Finding `json:"findings"`
	}](t, r.out.String())
	if got.Sound || len(got.Findings) == 0 || got.Findings[0].Line != 1 {
		t.Errorf("%+v", got)
	}

	r = newRig(t, "FROM\n")
	wants(t, Lint(r.app()), 2, r.file+": ")
}

// TestWarnings: one does not fail.
func TestWarnings(t *testing.T) {
	r := newRig(t, "FROM debian:12@sha256:"+strings.Repeat("a", 64)+"\nRUN curl -O https://a.example/x\n")
	wants(t, Lint(r.app()), 0, "")
	if r.out.String() != r.file+" is sound\n" || !strings.HasPrefix(r.said.String(), "tool: warning: "+r.file+":") || !strings.Contains(r.said.String(), "\n::warning file=") {
		t.Errorf("%q, %q", r.out.String(), r.said.String())
	}
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t)), PublishFlags{}), 0, "")
}

// TestUnsound is not published but by force, and then says so.
func TestUnsound(t *testing.T) {
	r := newRig(t, unsound)
	legs := r.legs(t)
	r.registry.Forget()
	wants(t, Publish(t.Context(), r.app("legs", legs), PublishFlags{}), 2, "is unsound")
	_, err := legOf(t, r, "linux/amd64")
	wants(t, err, 2, "is unsound")
	if len(r.registry.Requests()) > 0 {
		t.Errorf("%v", r.registry.Requests())
	}
	wants(t, Publish(t.Context(), r.app("legs", legs), PublishFlags{ForceUnsound: true}), 0, "")
	if !strings.Contains(r.said.String(), "tool: WARNING: "+r.file+" is unsound: ") || !strings.Contains(r.said.String(), "::warning title=tool::an unsound Containerfile is published by force\n") {
		t.Errorf("%q", r.said.String())
	}
}

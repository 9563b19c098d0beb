package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestNotices: with quiet, only a warning is worth saying.
func TestNotices(t *testing.T) {
	for _, row := range []struct {
		n           sandbox.Notice
		loud, quiet string
	}{
		{sandbox.Notice{Text: "pulling x"}, "tool: pulling x\n", ""},
		{sandbox.Notice{Text: "a\x1b[2J\nb", Hint: "c\rd"}, "tool: a [2J b\nhint: c d\n", ""},
		{sandbox.Notice{Text: "odd", Hint: "do", Warning: true}, "tool: warning: odd\nhint: do\n", "tool: warning: odd\nhint: do\n"},
	} {
		for quiet, want := range map[bool]string{false: row.loud, true: row.quiet} {
			var said strings.Builder
			(&App{Program: Program{Name: "tool"}, Err: &said, Quiet: quiet}).Notify(row.n)
			if said.String() != want {
				t.Errorf("%+v, quiet %v: %q, want %q", row.n, quiet, said.String(), want)
			}
		}
	}
	var said strings.Builder
	a := &App{Program: Program{Name: "tool"}, Err: &said, Quiet: true}
	a.Say("one", "two")
	a.Say("three", "")
	a.Announce("four")
	if said.String() != "tool: one\nhint: two\ntool: three\ntool: four\n" {
		t.Errorf("%q", said.String())
	}
}

// TestReport: an error as it is printed, and nothing for none.
func TestReport(t *testing.T) {
	for want, err := range map[string]error{
		"":                    nil,
		"tool: no such thing": errors.New("no such thing"),
		"tool: a b\nhint: c":  &UsageError{Err: errors.New("a\nb"), Remedy: "c"},
		"tool: interrupted":   fmt.Errorf("pull: %w", context.Canceled),
	} {
		if got := Words("tool", err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if want != "" {
			want += "\n"
		}
		var said strings.Builder
		if Report(&said, "tool", err); said.String() != want {
			t.Errorf("%q, want %q", said.String(), want)
		}
	}
}

// TestEnds: an error after an interruption is that of the interruption.
func TestEnds(t *testing.T) {
	failed := errors.New("x")
	ctx, cancel := context.WithCancel(t.Context())
	if err := Ends(ctx, failed); err != failed {
		t.Error(err)
	}
	cancel()
	if err := Ends(ctx, failed); ExitCode(err) != 130 || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := Ends(ctx, nil); err != nil {
		t.Error(err)
	}
	r := newRig(t)
	for _, verb := range []string{"exists", "ensure", "build", "plan"} {
		var out, said strings.Builder
		err := Run(ctx, r.args(verb), &out, &said)
		if Report(&said, "openlock", err); ExitCode(err) != 130 || out.String() != "" || said.String() != "openlock: interrupted\n" {
			t.Errorf("%s: %v, %q, %q", verb, err, out.String(), said.String())
		}
	}
	var out strings.Builder
	if err := Run(ctx, r.args("tag"), &out, &out); err != nil {
		t.Errorf("tag needs no time: %v", err)
	}
}

// TestHeld: with quiet, the end of what an engine printed is kept for the case
// that it fails.
func TestHeld(t *testing.T) {
	var said strings.Builder
	loud := NewHeld(&said, false)
	fmt.Fprint(loud, "now")
	if said.String() != "now" {
		t.Errorf("%q", said.String())
	}
	loud.release()
	if said.String() != "now" {
		t.Errorf("%q", said.String())
	}
	said.Reset()
	quiet := NewHeld(&said, true)
	for _, text := range []string{"first", strings.Repeat("x", heldSize-1), "end"} {
		if n, err := fmt.Fprint(quiet, text); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if said.Len() > 0 {
		t.Errorf("it said %d bytes", said.Len())
	}
	quiet.release()
	if got := said.String(); len(got) != heldSize || !strings.HasPrefix(got, "xx") || !strings.HasSuffix(got, "xend") {
		t.Errorf("%d bytes: %.9q…", len(got), got)
	}
	quiet.release()
	if said.Len() != heldSize {
		t.Error("it was said twice")
	}
	said.Reset()
	fmt.Fprint(quiet, strings.Repeat("y", heldSize))
	if quiet.release(); said.Len() != heldSize {
		t.Errorf("%d bytes", said.Len())
	}
}

// TestQuiet: what the engine printed is shown where it failed, and not else.
func TestQuiet(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		args      []string
		fail      string
		code      int
		has, lack string
	}{
		{[]string{"build"}, "0", 0, "openlock: building " + r.ref.String() + " with podman: ", "hint"},
		{[]string{"build"}, "0", 0, "\nfake: building\n", "hint"},
		{[]string{"build", "-q"}, "0", 0, "", "fake"},
		{[]string{"build", "--quiet"}, "1", 1, "fake: building\nError: the fake build fails\nopenlock: podman build: ", "openlock: building"},
	} {
		r.misbehave(t, "fail-build", row.fail)
		out, said, code := run(t, r.args(row.args...)...)
		if code != row.code || (out == r.ref.String()+"\n") != (code == 0) || !strings.Contains(said, row.has) || strings.Contains(said, row.lack) {
			t.Errorf("%q: %q, %q, %d", row.args, out, said, code)
		}
	}
}

// TestGitHub: outputs of exists, and an error as an annotation.
func TestGitHub(t *testing.T) {
	r := newRig(t)
	digest := r.publish(t)
	output := filepath.Join(t.TempDir(), "output")
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_OUTPUT", output)
	var out, said strings.Builder
	step, log := github.Detect(&said)
	a := &App{Program: Program{Name: "tool"}, Out: &out, Err: log, GitHub: step, Flags: Flags{"repository": &r.ref.Repository, "containerfile": &r.file}}
	if err := a.Exists(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := read(t, output)
	for name, value := range map[string]string{
		"ref": r.ref.String(), "tag": r.ref.Tag, "digest": digest, "state": "complete", "platforms": strings.Join(sandbox.Platforms(), ","),
	} {
		if !strings.Contains(got, name+"<<") || !strings.Contains(got, "\n"+value+"\n") {
			t.Errorf("%s is not %s:\n%s", name, value, got)
		}
	}
	a.ReportGitHub(nil)
	if said.String() != "" {
		t.Errorf("%q", said.String())
	}
	a.GitHub.Group("x")
	said.Reset()
	a.ReportGitHub(&sandbox.StateError{State: registry.StateAbsent, Reason: "gone\n::x::", Remedy: "look"})
	if said.String() != "::endgroup::\n::error title=tool::gone ::x::%0Ahint: look\n" {
		t.Errorf("%q", said.String())
	}
	a.GitHub = nil
	a.ReportGitHub(errors.New("x")) // does nothing
	t.Setenv("GITHUB_OUTPUT", t.TempDir())
	a.GitHub, _ = github.Detect(&said)
	out.Reset()
	if err := a.Exists(t.Context()); err == nil || out.String() != "" {
		t.Errorf("outputs that cannot be written: %v, %q", err, out.String())
	}
}

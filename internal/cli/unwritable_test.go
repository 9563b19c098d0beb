package cli

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// full is a writer for which no space is left.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestMessagesThatCannotBeWritten: the work is done all the same, with the
// same output and exit code.
func TestMessagesThatCannotBeWritten(t *testing.T) {
	r := newRig(t)
	for _, verb := range [][]string{{"build"}, {"ensure"}, {"build", "--quiet"}, {"plan"}, {"tag"}} {
		var out strings.Builder
		if err := Run(t.Context(), r.args(verb...), &out, full{}); err != nil || !strings.Contains(out.String(), r.ref.String()) {
			t.Errorf("%q: %q, %v", verb, out.String(), err)
		}
	}
	r.misbehave(t, "fail-build", "1")
	var out strings.Builder
	if err := Run(t.Context(), r.args("build", "--quiet"), &out, full{}); ExitCode(err) != 1 || !strings.Contains(err.Error(), "podman build") {
		t.Errorf("a build that fails: %v", err)
	}
}

// TestOutputThatCannotBeWritten: data that is lost is a failure.
func TestOutputThatCannotBeWritten(t *testing.T) {
	r := newRig(t)
	for _, verb := range []string{"tag", "exists", "ensure", "build", "plan", "version"} {
		args := r.args(verb)
		if verb == "version" {
			args = args[:1]
		}
		var said strings.Builder
		if err := Run(t.Context(), args, full{}, &said); !errors.Is(err, errFull) || ExitCode(err) == 0 {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if r.asked() != "" || len(r.registry.Requests()) > 0 {
		t.Errorf("work was done for nobody: %q, %v", r.asked(), r.registry.Requests())
	}
}

// TestBrokenPipe: a reader of messages that has gone away ends neither the work
// nor changes the exit code; one of the output is a failure.
func TestBrokenPipe(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		verb, out string
		code      int
	}{
		{"ensure", r.ref.String() + "\n", 0},
		{"exists", "absent\n", 3},
		{"tag", r.ref.String() + "\n", 0},
		{"nonsense", "", 2},
	} {
		var out strings.Builder
		cmd := exec.Command(r.program(t), r.args(row.verb)...)
		cmd.Stdout, cmd.Stderr = &out, brokenPipe(t)
		cmd.Run()
		if out.String() != row.out || cmd.ProcessState.ExitCode() != row.code {
			t.Errorf("%s: %q, %v", row.verb, out.String(), cmd.ProcessState)
		}
	}
	var said strings.Builder
	cmd := exec.Command(r.program(t), r.args("ensure")...)
	cmd.Stdout, cmd.Stderr = brokenPipe(t), &said
	cmd.Run()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "openlock: standard output: ") {
		t.Errorf("%q, %v", said.String(), cmd.ProcessState)
	}
}

// brokenPipe is a pipe that is read by nothing.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() { write.Close() })
	return write
}

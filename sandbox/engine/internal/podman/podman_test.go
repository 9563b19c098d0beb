package podman

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
)

// fake is podman with a shell script as its program, which finds its own
// directory in $DIR, and logs what it is asked.
func fake(t *testing.T, script string) (p *podman, asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nDIR='" + dir + "'\nprintf '%s\\n' \"$*\" >> \"$DIR/log\"\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "podman"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	p = Driver.Open(process.Program{Name: name, Path: filepath.Join(dir, "podman")}).(*podman)
	return p, func() []string {
		b, _ := os.ReadFile(filepath.Join(dir, "log"))
		os.Remove(filepath.Join(dir, "log"))
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
}

// unavailableFor wants an error of an engine that does not answer, with these
// words in its reason and its remedy.
func unavailableFor(t *testing.T, err error, reason, remedy string) {
	t.Helper()
	down := new(engine.UnavailableError)
	if !errors.As(err, &down) || down.Engine != name || !strings.Contains(down.Reason, reason) || !strings.Contains(down.Remedy, remedy) {
		t.Errorf("%+v; want a reason with %q and a remedy with %q", err, reason, remedy)
	}
}

// TestOneBoundForAQuestion: a podman that never answers is given up once, and
// not once for each command of a question.
func TestOneBoundForAQuestion(t *testing.T) {
	p, asked := fake(t, "exec sleep 3600")
	p.limit = 300 * time.Millisecond
	_, err := p.Inspect(t.Context(), "localhost/x:y")
	unavailableFor(t, err, "podman image inspect: no answer within 300ms", "end the podman processes that hang")
	if got := asked(); len(got) != 1 {
		t.Errorf("asked %q", got)
	}
	t.Setenv("CONTAINER_HOST", "tcp://127.0.0.1:1")
	_, _, err = p.Describe(t.Context())
	unavailableFor(t, err, "podman version: no answer within 300ms", "end the podman processes that hang")
}

package engines

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
)

func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for _, n := range Names() {
		program(t, filepath.Join(dir, n), "")
	}
	for runtime, want := range map[string][]string{"": {"podman", "docker"}, "auto": {"podman", "docker"}, "podman": {"podman"}, "docker": {"docker"}} {
		found, err := Find(runtime, nil)
		var names []string
		for _, e := range found {
			names = append(names, e.Name())
		}
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("runtime %q: %q, %v; want %q", runtime, names, err, want)
		}
	}
	if _, err := Find("crio", nil); err == nil || err.Error() != `unknown runtime "crio": want one of auto, podman, docker` {
		t.Errorf("unknown runtime: %v", err)
	}
}

// TestFindNone: what is missing is said, and a program that cannot be executed.
func TestFindNone(t *testing.T) {
	empty, holder := t.TempDir(), t.TempDir()
	t.Setenv("PATH", empty+string(filepath.ListSeparator)+holder)
	const none = "no container engine: none of podman, docker is installed"
	const docker = "container engine docker is not installed: no such program in PATH"
	missing := func(runtime, want string) {
		t.Helper()
		var e *NotInstalledError
		if _, err := Find(runtime, nil); !errors.As(err, &e) || e.Error() != want || e.Hint() != "install podman or docker" {
			t.Errorf("runtime %q: %v; want %q", runtime, err, want)
		}
	}
	missing("", none)
	missing("docker", docker)
	if err := os.Mkdir(filepath.Join(empty, "docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(holder, "docker")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("docker"); err == nil {
		t.Skip("this user can run files that are not executable")
	}
	missing("docker", docker+"; "+file+" exists but is not executable")
	missing("auto", none+"; "+file+" exists but is not executable")
	missing("podman", "container engine podman is not installed: no such program in PATH")
}

// TestOutput: what the engines print while they work goes to the output.
func TestOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for _, n := range Names() {
		program(t, filepath.Join(dir, n), "echo words of "+n)
	}
	var said bytes.Buffer
	found, err := Find("", &said)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		if err := e.Pull(t.Context(), "localhost/x:y", "linux/amd64", engine.PullOptions{}); err != nil {
			t.Error(err)
		}
	}
	if said.String() != "words of podman\nwords of docker\n" {
		t.Errorf("said %q", &said)
	}
}

// TestFirst: engines that do not answer are passed over, and other errors end
// the search.
func TestFirst(t *testing.T) {
	down, other := &engine.UnavailableError{Engine: "x", Reason: "down"}, errors.New("other")
	a, b := table[0].Open(noProgram), table[1].Open(noProgram)
	for _, c := range []struct {
		name  string
		says  map[engine.Engine]error
		first engine.Engine
		down  int
		err   error
	}{
		{"both answer", nil, a, 0, nil},
		{"the first is down", map[engine.Engine]error{a: down}, b, 1, nil},
		{"both are down", map[engine.Engine]error{a: down, b: down}, nil, 2, nil},
		{"the first fails otherwise", map[engine.Engine]error{a: other}, nil, 0, other},
		{"the second fails otherwise", map[engine.Engine]error{a: down, b: other}, nil, 1, other},
	} {
		first, reasons, err := First([]engine.Engine{a, b}, func(e engine.Engine) error { return c.says[e] })
		if first != c.first || len(reasons) != c.down || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v, %v", c.name, first, reasons, err)
		}
	}
}

var noProgram process.Program

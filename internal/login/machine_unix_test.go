//go:build unix

package login_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/login"
)

// host is this machine with a home of its own, and a helper "fake" in PATH
// that runs a script.
func host(t *testing.T, script string) (login.Machine, string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", home+":"+os.Getenv("PATH"))
	for _, name := range []string{"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_RUNTIME_DIR", home)
	if err := os.WriteFile(filepath.Join(home, "docker-credential-fake"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return login.Host(), home
}

const reply = `echo '{"Username":"u","Secret":"s"}'`

func TestHelperIsAskedByTheProtocol(t *testing.T) {
	m, _ := host(t, `echo "$1 $(cat)"`)
	if out, err := m.RunHelper(t.Context(), "docker-credential-fake", "a.test"); err != nil || string(out) != "get a.test\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := m.RunHelper(t.Context(), "docker-credential-missing", "a.test"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// A helper that has ended has answered, whatever it has started: some start
// an agent that keeps their standard output.
func TestHelperThatLeavesAProcessBehind(t *testing.T) {
	m, home := host(t, "sleep 600 &\necho $! > \"$HOME/pid\"\n"+reply)
	out, err := m.RunHelper(t.Context(), "docker-credential-fake", "a.test")
	b, readErr := os.ReadFile(filepath.Join(home, "pid"))
	pid, convErr := strconv.Atoi(strings.TrimSpace(string(b)))
	if err := errors.Join(readErr, convErr); err != nil {
		t.Fatal(err)
	}
	if killErr := syscall.Kill(pid, syscall.SIGKILL); killErr != nil {
		t.Errorf("what the helper left behind: %v", killErr)
	}
	if err != nil || !strings.Contains(string(out), `"u"`) {
		t.Errorf("%q, %v", out, err)
	}
}

// What a hanging helper has started ends with it.
func TestHelperThatHangsEndsWhole(t *testing.T) {
	m, home := host(t, "exec 3>\"$HOME/fifo\"\nsleep 600\n"+reply)
	fifo := filepath.Join(home, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	alive, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if out, err := m.RunHelper(ctx, "docker-credential-fake", "a.test"); err == nil || len(out) > 0 {
		t.Errorf("%q, %v", out, err)
	}
	// The end of the file is where no process has it open for writing.
	if err := alive.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(alive); err != nil {
		t.Errorf("a process of the helper goes on: %v", err)
	}
}

func TestHelperThatNeverStopsTalking(t *testing.T) {
	m, _ := host(t, "yes")
	out, err := m.RunHelper(t.Context(), "docker-credential-fake", "a.test")
	if err == nil || err.Error() != "its answer is larger than 1 MiB" || len(out) > 1<<20 {
		t.Errorf("%d bytes, error %v", len(out), err)
	}
}

func TestHostReadsRealFiles(t *testing.T) {
	m, home := host(t, reply)
	write := func(name, text string) {
		path := filepath.Join(home, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("containers/auth.json", auths("a.test", "1:s"))
	write(".docker/config.json", `{"credHelpers":{"a.test":"fake"}}`)
	fifo := filepath.Join(home, ".config", "containers", "auth.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(fifo), 0o700), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	logins, warnings := (&login.Finder{Machine: m}).Find(t.Context(), "a.test/x")
	want := "1:s [a.test] " + home + "/containers/auth.json; u:s [a.test] helper fake of " + home + "/.docker/config.json"
	if got := show(logins); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(warnings) != 1 || warnings[0] != "logins in "+fifo+" are not usable: is not a regular file" {
		t.Errorf("warnings %q", warnings)
	}
}

func TestOwnDir(t *testing.T) {
	m, home := host(t, reply)
	shared := filepath.Join(home, "shared")
	if err := errors.Join(os.Mkdir(shared, 0o700), os.Chmod(shared, 0o722), os.Symlink(home, filepath.Join(home, "link"))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{home: true, shared: false, filepath.Join(home, "link"): false, filepath.Join(home, "missing"): false, filepath.Join(home, "docker-credential-fake"): false} {
		if got := m.OwnDir(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

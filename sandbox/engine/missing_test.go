package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// inspected checks the error of Inspect: [engine.ErrNotFound] where reason is
// empty, else that of an engine that does not answer, for this reason.
func inspected(t *testing.T, err error, runtime, reason string) {
	t.Helper()
	down := new(engine.UnavailableError)
	switch {
	case reason == "" && !errors.Is(err, engine.ErrNotFound):
		t.Errorf("error %v, want %v", err, engine.ErrNotFound)
	case reason == "":
	case !errors.As(err, &down):
		t.Errorf("error %v, want an engine that does not answer", err)
	case down.Engine != runtime || !strings.Contains(down.Reason, reason) || !strings.Contains(down.Remedy, runtime+" info"):
		t.Errorf("%+v, want a reason with %q and a hint", down, reason)
	}
}

// TestBrokenPodmanIsNotMissing: what is wrong with podman's configuration of
// its storage is the reason, in podman's own words.
func TestBrokenPodmanIsNotMissing(t *testing.T) {
	labtest.Need(t, lab.Podman)
	dir := t.TempDir()
	for _, c := range []struct {
		name, conf, text string // of storage.conf
		reason           string
	}{
		{"no storage.conf", "none", "", "no such file or directory"},
		{"a directory", ".", "", "is a directory"},
		{"a syntax error", "syntax.conf", "storage ]]\n", "toml: line 1"},
		{"no such driver", "driver.conf", "[storage]\ndriver = \"none\"\ngraphroot = \"" + dir + "/graph\"\nrunroot = \"" + dir + "/run\"\n", "driver not supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.conf)
			if c.text != "" {
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("CONTAINERS_STORAGE_CONF", path)
			_, err := find(t, "podman", nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
			inspected(t, err, "podman", c.reason)
		})
	}
}

// TestDockerByItsProgram asks a real daemon through the docker program and a
// stand-in for ssh, which dials the daemon as the far end of a real one would.
func TestDockerByItsProgram(t *testing.T) {
	d := labtest.Docker(t)
	setenv(t, d.Env)
	dir := t.TempDir()
	ssh := func(script string) {
		if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	setenv(t, []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "DOCKER_HOST=ssh://lab"})
	inspect := func() error {
		_, err := find(t, "docker", nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
		return err
	}
	ssh("exec docker --host " + d.Host + " system dial-stdio")
	inspected(t, inspect(), "docker", "")
	ssh("echo 'host key verification failed' >&2; exit 255")
	inspected(t, inspect(), "docker", "docker image inspect: ")
}

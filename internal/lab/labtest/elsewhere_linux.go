package labtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
)

// HideTemp puts a program of that name in front of the one in PATH which runs it
// with an empty directory in place of this process's directory for temporary
// files, as a snap does with /tmp.
func HideTemp(t testing.TB, name string) {
	t.Helper()
	NeedRoot(t, "a mount of one's own")
	NeedProgram(t, "unshare", "mount", name)
	real, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	temp, bin := t.TempDir(), t.TempDir()
	text := fmt.Sprintf("#!/bin/sh\nexec unshare --mount sh -c 'mount -t tmpfs none %s && exec %s \"$@\"' sh \"$@\"\n", temp, real)
	if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("TMPDIR", temp)
}

// PodmanService starts podman's service on a store, with a directory for
// temporary files of its own, and returns the environment of its clients.
func PodmanService(t testing.TB, s *lab.PodmanStore) (env []string) {
	t.Helper()
	NeedRoot(t, "a mount of one's own")
	run, err := os.MkdirTemp("", "olp")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(run, "podman.sock")
	hidden := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", `mount -t tmpfs none "$1" && exec podman system service --time 0 "unix://$2"`, "sh", hidden, socket)
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		os.RemoveAll(run)
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("podman's service does not start")
		}
	}
	t.Setenv("TMPDIR", hidden)
	return append(s.Env, "CONTAINER_HOST=unix://"+socket)
}

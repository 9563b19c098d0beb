package buildenv_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/buildenv"
	"github.com/vessux/openlock/internal/process"
)

// TestPodmanTemp: what podman leaves goes with the directory, which is where
// podman would write.
func TestPodmanTemp(t *testing.T) {
	mine, theirs := t.TempDir(), t.TempDir()
	path := filepath.Join(t.TempDir(), "podman")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" = info ] && echo "+theirs+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ tmpdir, host, want string }{
		{mine, "", mine}, {"", "", theirs}, {mine, "unix:///x", mine}, {"", "unix:///x", "/var/tmp"}, {"/missing", "", "/var/tmp"},
	} {
		t.Setenv("TMPDIR", row.tmpdir)
		t.Setenv("CONTAINER_HOST", row.host)
		env, remove := buildenv.PodmanTemp(t.Context(), process.Program{Name: "podman", Path: path})
		if len(env) != 1 {
			t.Fatalf("%+v: %q", row, env)
		}
		dir := strings.TrimPrefix(env[0], "TMPDIR=")
		if filepath.Dir(dir) != row.want {
			t.Errorf("%+v: %s", row, dir)
		}
		if err := os.WriteFile(filepath.Join(dir, "left"), nil, 0o600); err != nil {
			t.Error(err)
		}
		if remove(); exists(dir) {
			t.Errorf("%s is left", dir)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

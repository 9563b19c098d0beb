//go:build unix

package docker

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipeInPlaceOfSettings: a named pipe is no settings, and nothing waits for
// its writer.
func TestPipeInPlaceOfSettings(t *testing.T) {
	dir := noSettings(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "config.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := findEndpoint(); e.context != "" || e.err != nil {
		t.Errorf("config.json: %+v", e)
	}
	t.Setenv("DOCKER_CONTEXT", "pipe")
	file := filepath.Join(dir, "contexts", "meta", writeContext(t, dir, "pipe", "{}"), "meta.json")
	if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
		t.Fatal(err)
	}
	if e := findEndpoint(); e.err == nil {
		t.Errorf("context: %+v", e)
	}
}

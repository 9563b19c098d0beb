//go:build linux

package podman

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipeInPlaceOfSettings: a named pipe names no connection, and nothing waits
// for its writer.
func TestPipeInPlaceOfSettings(t *testing.T) {
	dir := filepath.Join(noSettings(t), ".config", "containers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"containers.conf", "podman-connections.json"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := connection(); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

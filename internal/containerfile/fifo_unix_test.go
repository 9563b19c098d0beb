//go:build unix

package containerfile_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vessux/openlock/internal/containerfile"
)

// A named pipe without a writer would block a plain open for ever.
func TestNamedPipeIsRefusedAtOnce(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := containerfile.Read(fifo); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

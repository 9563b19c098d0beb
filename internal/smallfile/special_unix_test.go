//go:build unix

package smallfile_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vessux/openlock/internal/smallfile"
)

// A plain open of a named pipe waits for a writer; a device may never end.
func TestSpecialFilesAreRefusedAtOnce(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, "/dev/zero"} {
		if _, err := smallfile.Read(path); err == nil || !strings.Contains(err.Error(), path+": is not a regular file") {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

//go:build unix

package lock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestReplacedFile: a file that has lost its name while it was opened locks
// nobody out, so it is no lock.
func TestReplacedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if holder, err := take(f, path); holder != "" || err != nil {
		t.Errorf("before: %q, %v", holder, err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if holder, err := take(f, path); holder != unknown || err != nil {
		t.Errorf("after: %q, %v", holder, err)
	}
}

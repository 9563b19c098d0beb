package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// TestSlowest: the packages that are to start first exist.
func TestSlowest(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slowest {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(p))); err != nil {
			t.Error(err)
		}
	}
}

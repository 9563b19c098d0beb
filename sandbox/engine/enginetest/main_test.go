package enginetest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestMain is the fake podman and docker too, under links of their names.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); name == "podman" || name == "docker" {
		fakeengine.Main()
		os.Exit(0)
	}
	os.Exit(labtest.Checked(m).Run())
}

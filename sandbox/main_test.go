package sandbox_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
)

// TestMain is the fake podman too, under a link of that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "podman" {
		fakeengine.Main()
		os.Exit(0)
	}
	sandbox.ShortenWaits()
	os.Exit(labtest.Checked(m).Run())
}

package builder

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestCannotRun: this machine runs its own programs, and refuses those of an
// architecture that it neither is nor emulates.
func TestCannotRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are Linux's")
	}
	machines["none"] = machine{0x7777, machines["amd64"].code}
	defer delete(machines, "none")
	for arch, want := range map[string]bool{runtime.GOARCH: false, "none": true, "unknown": true} {
		if got := cannotRun(t.Context(), arch); got != want {
			t.Errorf("%s: %t", arch, got)
		}
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, machines[runtime.GOARCH].program(), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("it does not run: %q, %v", out, err)
	}
}

// TestEmulated: QEMU runs programs of the other architecture.
func TestEmulated(t *testing.T) {
	labtest.Need(t, lab.QEMU)
	for arch := range machines {
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, machines[arch].program(), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path).CombinedOutput(); err != nil || cannotRun(t.Context(), arch) {
			t.Errorf("%s: %q, %v", arch, out, err)
		}
	}
}

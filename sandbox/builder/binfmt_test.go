package builder

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/leg"
)

// TestPodmanCheck: podman builds for the machine's own architecture and for
// those that Linux runs by QEMU. Of another machine nothing is known.
func TestPodmanCheck(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("podman's machine is another one")
	}
	native, foreign, emulator := "linux/amd64", "linux/arm64", "qemu-aarch64"
	if runtime.GOARCH == "arm64" {
		native, foreign, emulator = foreign, native, "qemu-x86_64"
	}
	t.Setenv("CONTAINER_HOST", "")
	p := &podman{binfmt: t.TempDir()}
	if err := p.Check(t.Context(), []string{native}); err != nil {
		t.Error(err)
	}
	err := p.Check(t.Context(), []string{native, foreign})
	unfit := new(leg.Error)
	if want := "podman cannot build for " + foreign + " on this machine, only for " + native; !errors.As(err, &unfit) || unfit.Reason != want || unfit.Remedy == "" {
		t.Errorf("%v, want %q", err, want)
	}
	t.Setenv("CONTAINER_HOST", "ssh://there")
	if err := p.Check(t.Context(), []string{native, foreign}); err != nil {
		t.Errorf("on another machine: %v", err)
	}
	t.Setenv("CONTAINER_HOST", "")
	if err := os.WriteFile(filepath.Join(p.binfmt, emulator), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context(), []string{native, foreign}); err != nil {
		t.Errorf("with QEMU: %v", err)
	}
	if err := p.Check(t.Context(), []string{"linux/s390x"}); err == nil || !strings.Contains(err.Error(), "cannot build for linux/s390x on") {
		t.Errorf("another architecture: %v", err)
	}
}

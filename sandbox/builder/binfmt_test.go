package builder

import (
	"errors"
	"runtime"
	"testing"

	"github.com/vessux/openlock/sandbox/leg"
)

// TestPodmanCheck: podman builds for the machine's own architecture, and not for
// one whose programs do not run. Of another machine nothing is known.
func TestPodmanCheck(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("podman's machine is another one")
	}
	machines["none"] = machine{0x7777, machines["amd64"].code}
	defer delete(machines, "none")
	const foreign = "linux/none"
	native := "linux/" + runtime.GOARCH
	t.Setenv("CONTAINER_HOST", "")
	p := new(podman)
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
}

//go:build linux

package registry_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestLoginOfRoot finds what the real podman has stored for root where
// XDG_RUNTIME_DIR is not set, as in most CI containers.
func TestLoginOfRoot(t *testing.T) {
	s := private(t, fault.Private{Logins: known})
	podman := labtest.Podman(t, s.host())
	path := labtest.RootLogin(t)
	home(t)
	os.Unsetenv("XDG_RUNTIME_DIR") // home restores it
	cmd := exec.CommandContext(t.Context(), "podman", "login", "--username", user, "--password", secret, "--tls-verify=false", s.host())
	cmd.Env = append(os.Environ(), podman.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	s.behind(fault.Bearer(s.real, fault.Private{Logins: known}))
	expect(t, probePrivate(t, s, registry.Options{}), registry.StateComplete)
	w, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}

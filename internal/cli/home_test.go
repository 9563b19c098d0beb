package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adrg/xdg"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// have puts the image into the engine's store.
func (r *rig) have(t *testing.T) {
	t.Helper()
	err := r.store.Put(r.ref.String(), fakeengine.Image{
		ID: "sha256:" + r.identity, Platform: sandbox.HostPlatform(), Labels: map[string]string{tag.Label: r.identity},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoHome: a verb needs no home but for a lock, and leaves nothing where it
// was started.
func TestNoHome(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	xdg.Reload()
	for _, row := range []struct {
		verb, out string
		code      int
	}{
		{"ensure", "", 2}, {"build", "", 2},
		{"plan", "build " + r.ref.String(), 0}, {"exists", "absent\n", 3}, {"tag", r.ref.String() + "\n", 0},
	} {
		out, said, code := run(t, r.args(row.verb)...)
		if code != row.code || !strings.HasPrefix(out, row.out) {
			t.Errorf("%s: %d, %q, %q", row.verb, code, out, said)
		}
		if code == 2 && !strings.Contains(said, "hint: set HOME, or XDG_CACHE_HOME") {
			t.Errorf("%s: %q", row.verb, said)
		}
	}
	r.have(t)
	if out, said, code := run(t, r.args("ensure", "--json")...); code != 0 || said != "" || !strings.Contains(out, `"source":"local"`) {
		t.Errorf("ensure of a local image: %d, %q, %q", code, out, said)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	xdg.Reload()
	if out, said, code := run(t, r.args("build")...); code != 0 || out != r.ref.String()+"\n" {
		t.Errorf("build with XDG_CACHE_HOME: %d, %q, %q", code, out, said)
	}
}

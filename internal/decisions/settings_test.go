package decisions_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/decisions"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestSettings: however an engine is configured, ensure ends as the engine's own
// pull does, or better, and plan says so before.
func TestSettings(t *testing.T) {
	labtest.Need(t, lab.Podman, lab.Docker, lab.Dockerd)
	labtest.NeedRoot(t, "dockerd")
	playSettings(t, decisions.Parts{Dir: t.TempDir(), Docker: labtest.Docker(t)}, func(decisions.Setting) bool { return true })
}

// TestSettingsRootless: the same holds for podman of another user, who has no
// privileges.
func TestSettingsRootless(t *testing.T) {
	labtest.Need(t, lab.Podman)
	labtest.NeedRoot(t, "running podman as another user")
	dir := t.TempDir()
	// The other user has to enter it.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	user, err := lab.NewRootless(t.Context(), dir)
	if err != nil {
		t.Skipf("podman does not run without privileges here: %v", err)
	}
	playSettings(t, decisions.Parts{Dir: dir, User: user}, func(s decisions.Setting) bool { return s.Engine == lab.Podman.Name && !s.Service })
}

func playSettings(t *testing.T, p decisions.Parts, which func(decisions.Setting) bool) {
	t.Helper()
	var err error
	if p.Openlock, err = lab.BuildOpenlock(t.Context(), p.Dir); err != nil {
		t.Fatal(err)
	}
	for _, s := range decisions.Settings() {
		// SETTING="podman/a mirror" plays some rows alone.
		if !which(s) || !strings.Contains(s.Engine+"/"+s.Name, os.Getenv("SETTING")) {
			continue
		}
		t.Run(s.Engine+"/"+s.Name, func(t *testing.T) {
			if s.Needs != "" {
				if _, err := exec.LookPath(s.Needs); err != nil {
					t.Skip(err)
				}
			}
			if s.Engine == lab.Podman.Name {
				t.Parallel()
			}
			got, err := p.PlaySetting(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			want := decisions.Outcome{Engine: s.Pulls, Planned: s.Pulled() && !s.Asked, Ensured: s.Pulled(), Tagged: s.Pulled(), Mirror: s.Mirror && s.Pulled(), Asked: s.Asked}
			if s.Newer { // either podman may be in PATH
				want.Engine = got.Engine
			}
			said := got.Said
			got.Said = ""
			if got != want {
				t.Errorf("got %+v\nwant %+v\n%s", got, want, said)
			}
		})
	}
}

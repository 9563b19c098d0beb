package decisions_test

import (
	"os"
	"os/exec"
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
	dir := t.TempDir()
	p := decisions.Parts{Dir: dir, Docker: labtest.Docker(t)}
	var err error
	if p.Openlock, err = lab.BuildOpenlock(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, s := range decisions.Settings() {
		if !strings.Contains(s.Engine+"/"+s.Name, os.Getenv("SETTING")) {
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
			said := got.Said
			got.Said = ""
			if got != want {
				t.Errorf("got %+v\nwant %+v\n%s", got, want, said)
			}
		})
	}
}

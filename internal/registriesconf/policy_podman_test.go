package registriesconf_test

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestPodmanFollowsThePolicy: podman rejects an image exactly where this does.
func TestPodmanFollowsThePolicy(t *testing.T) {
	a := labtest.Registry(t)
	store := labtest.Podman(t)
	image := tag.Ref{Repository: a.Host() + "/team/x", Tag: "1"}
	built, err := lab.Image("linux/"+runtime.GOARCH, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Push(image, built); err != nil {
		t.Fatal(err)
	}
	for _, c := range policies {
		t.Run(c.name, func(t *testing.T) {
			m, env := podmanHome(t, store, strings.NewReplacer("$A", a.Host()), "[[registry]]\nlocation='$A'\ninsecure=true", map[string]string{"policy.json": c.text})
			here := checkPolicy(m, image.Repository)
			cmd := exec.CommandContext(t.Context(), "podman", "pull", image.String())
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			got := "error"
			switch {
			case err == nil:
				got = "accepted"
			case strings.Contains(string(out), "Source image rejected: "):
				got = "rejected"
			}
			want := "accepted"
			switch {
			case c.err != "":
				want = "error"
			case here != nil:
				want = "rejected"
			}
			if got != want {
				t.Errorf("podman: %s, want %s (%v):\n%s", got, want, here, out)
			}
		})
	}
}

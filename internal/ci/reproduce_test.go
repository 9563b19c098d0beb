package ci

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/layout"
)

// fakeBuildx puts a docker into the path whose builds are images of ours, one
// after the other.
func fakeBuildx(t *testing.T, images ...v1.Image) {
	t.Helper()
	bin := t.TempDir()
	for i, image := range images {
		dir := filepath.Join(bin, strings.Repeat("x", i+1))
		if err := layout.Write(dir, image); err != nil {
			t.Fatal(err)
		}
	}
	script := `#!/bin/sh
case "$1 $2" in
'buildx inspect') echo 'Driver: remote'; echo 'Platforms: linux/amd64' ;;
'buildx build')
	printf x >> ` + bin + `/n
	read n < ` + bin + `/n || :
	/bin/tar -c -C "` + bin + `/$n" . ;;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
}

// TestReproduce: two builds are the same, or what differs is said.
func TestReproduce(t *testing.T) {
	r := newRig(t, sound)
	image, err := lab.Image("linux/amd64", r.identity)
	if err != nil {
		t.Fatal(err)
	}
	other, err := lab.Image("linux/amd64", r.identity)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	fakeBuildx(t, image, image)
	wants(t, Reproduce(t.Context(), r.app("platforms", "linux/amd64", "runtime", "docker")), 0, "")
	if r.out.String() != "linux/amd64 "+digest.String()+"\n" || strings.Contains(r.said.String(), "tool:") {
		t.Errorf("%q, %q", r.out.String(), r.said.String())
	}
	fakeBuildx(t, image, other)
	a := r.app("platforms", "linux/amd64", "runtime", "docker")
	a.JSON = true
	wants(t, Reproduce(t.Context(), a), 1, "two builds of "+r.file+" differ: its tag does not tell the bits")
	got := decode[reproduceJSON](t, r.out.String())
	if got.Same || len(got.Builds) != 1 || len(got.Builds[0].Differences) == 0 || got.Builds[0].Digest != digest.String() {
		t.Errorf("%+v", got)
	}
	if !strings.HasPrefix(r.said.String(), "tool: linux/amd64: ") {
		t.Errorf("%q", r.said.String())
	}
	fakeBuildx(t, image, other)
	wants(t, Reproduce(t.Context(), r.app("platforms", "linux/amd64", "runtime", "docker")), 1, "differ")
	if r.out.String() != "" {
		t.Errorf("%q", r.out.String())
	}
	wants(t, Reproduce(t.Context(), r.app("runtime", "docker")), 2, "cannot build for linux/arm64, only for linux/amd64")
	t.Setenv("PATH", t.TempDir())
	wants(t, Reproduce(t.Context(), r.app()), 2, "no builder: ")
}

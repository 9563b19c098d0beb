//go:build linux

package builder_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestBuilderElsewhere: a leg has the same bits where the builder's program
// sees none of our files: docker with a /tmp of its own, podman as the client of
// a service. Both leave no image behind.
func TestBuilderElsewhere(t *testing.T) {
	for _, runtime := range []string{"docker", "podman"} {
		t.Run(runtime, func(t *testing.T) {
			b := start(t, runtime)
			r := leg.Request{
				Containerfile: lab.Containerfile(labtest.Seed(t, b.upstream), "ARG SOURCE_DATE_EPOCH=1785801600"),
				Repository:    b.base.Repository, Platforms: both[:1], Labels: map[string]string{tag.Label: "x"},
			}
			want := b.legsOf(t, r)
			var store *lab.PodmanStore
			if runtime == "docker" {
				labtest.HideTemp(t, "docker")
			} else {
				store = labtest.Podman(t, b.Host(), b.upstream.Host())
				setenv(t, labtest.PodmanService(t, store))
			}
			b.find(t, runtime)
			if got := b.legsOf(t, r); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			b.exports(t, r, want[0])
			if store == nil {
				return
			}
			images, err := store.Run(t.Context(), "images", "--all", "--format", "{{.Repository}}")
			if err != nil || strings.Contains(images, "openlock-build") || strings.Contains(images, "<none>") {
				t.Errorf("left behind: %q, %v", images, err)
			}
		})
	}
}

// exports checks that an export is the image that was pushed.
func (b *bench) exports(t *testing.T, r leg.Request, want string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	e := b.builder.(interface {
		Export(ctx context.Context, r leg.Request, dir string) error
	})
	if err := e.Export(labtest.Context(t, 2*time.Minute), r, dir); err != nil {
		t.Fatal(err)
	}
	image, err := layout.Image(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := image.Digest(); err != nil || got.String() != want {
		t.Errorf("exported %s, %v, want %s", got, err, want)
	}
}

func setenv(t *testing.T, env []string) {
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		t.Setenv(k, v)
	}
}

package builder_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestLegsOnUsedStore: a leg has the same bits on an empty store, after an
// earlier leg, and after `openlock build` of the same file.
func TestLegsOnUsedStore(t *testing.T) {
	for _, runtime := range []string{"docker", "podman"} {
		t.Run(runtime, func(t *testing.T) {
			b := start(t, runtime)
			seed := labtest.Seed(t, b.upstream)
			r := leg.Request{
				Containerfile: lab.Containerfile(seed,
					`RUN ["/bin/seed", "write", "/etc/before", "the epoch is declared"]`,
					"ARG SOURCE_DATE_EPOCH=1785801600",
					`RUN ["/bin/seed", "write", "/etc/after", "the epoch is declared"]`,
					"FROM "+seed,
					"COPY --from=0 /etc /etc",
					`RUN ["/bin/seed", "write", "/etc/last", "of its stage"]`),
				Repository: b.base.Repository, Platforms: both,
				Labels: map[string]string{tag.Label: "x"},
			}
			want := b.legsOf(t, r)
			if got := b.legsOf(t, r); !slices.Equal(got, want) {
				t.Errorf("after a leg: %q, want %q", got, want)
			}
			later := r
			later.Containerfile = bytes.ReplaceAll(r.Containerfile, []byte("1785801600"), []byte("1785805200"))
			b.fresh(t, runtime)
			if got := b.legsOf(t, later); got[0] == want[0] || got[1] == want[1] {
				t.Errorf("with another epoch: %q, not as %q", got, want)
			}
			if got := b.legsOf(t, r); !slices.Equal(got, want) {
				t.Errorf("after a leg with another epoch: %q, want %q", got, want)
			}
			b.fresh(t, runtime)
			buildOnHost(t, runtime, r)
			if got := b.legsOf(t, r); !slices.Equal(got, want) {
				t.Errorf("after a build of the host: %q, want %q", got, want)
			}
		})
	}
}

func (b *bench) legsOf(t *testing.T, r leg.Request) []string {
	t.Helper()
	digests, err := b.builder.Build(labtest.Context(t, 2*time.Minute), r)
	if err != nil {
		t.Fatal(err)
	}
	return digests
}

// buildOnHost builds as `openlock build` does. Docker gets a daemon that loads
// what the builder has built.
func buildOnHost(t *testing.T, runtime string, r leg.Request) {
	t.Helper()
	if runtime == "docker" {
		t.Setenv("DOCKER_HOST", labtest.Docker(t).Host)
	}
	found, err := engines.Find(runtime, logTo(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range r.Platforms {
		if _, err := found[0].(engine.Builder).Build(labtest.Context(t, 2*time.Minute), engine.BuildRequest{
			Containerfile: r.Containerfile, Platform: platform, Labels: r.Labels,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

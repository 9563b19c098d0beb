package sandbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/tag"
)

// store is a real engine's.
type store interface {
	Run(ctx context.Context, args ...string) (string, error)
	Empty(ctx context.Context) error
}

// onRealEngines runs a test with podman and with docker, each with an empty
// store that takes images from the registry.
func onRealEngines(t *testing.T, test func(t *testing.T, s store, r *lab.Registry, o sandbox.Options)) {
	for _, name := range engines.Names() {
		t.Run(name, func(t *testing.T) {
			r := labtest.Registry(t)
			var s store
			var env []string
			switch name {
			case "podman":
				p := labtest.Podman(t, r.Host())
				s, env = p, p.Env
			case "docker":
				d := labtest.Docker(t)
				s, env = d, d.Env
			}
			for _, e := range env {
				k, v, _ := strings.Cut(e, "=")
				t.Setenv(k, v)
			}
			found, err := engines.Find(name, nil)
			if err != nil {
				t.Fatal(err)
			}
			test(t, s, r, sandbox.Options{Engines: found, LockDir: t.TempDir(), RecordDir: t.TempDir(), Build: sandbox.PolicyNever})
		})
	}
}

// TestEarlyImageInTheStore: an image without the label is found in the store
// again by the digests of its row, whether openlock or its user has pulled it;
// another image of the repository that is tagged over it is not it.
func TestEarlyImageInTheStore(t *testing.T) {
	onRealEngines(t, func(t *testing.T, s store, r *lab.Registry, o sandbox.Options) {
		ctx := labtest.Context(t, 3*time.Minute)
		run := func(args ...string) {
			t.Helper()
			if out, err := s.Run(ctx, args...); err != nil {
				t.Fatalf("%q: %v\n%s", args, err, out)
			}
		}
		b := toPublish(r)
		ref, err := b.Ref()
		if err != nil {
			t.Fatal(err)
		}
		p, err := lab.PublishLabelled(ctx, ref, nil, sandbox.Platforms()...)
		if err != nil {
			t.Fatal(err)
		}
		b.Early = map[string][]string{ref.Tag: {p.Digest, p.Children["linux/amd64"], p.Children["linux/arm64"]}}
		is := func(want sandbox.Source) {
			t.Helper()
			if got, err := sandbox.Ensure(ctx, b, o); err != nil || got.Source != want || !strings.Contains(got.Reason, byAge) {
				t.Fatalf("%+v, %v; want it %s", got, err, want)
			}
		}
		is(sandbox.SourcePulled)
		is(sandbox.SourceLocal)
		if err := s.Empty(ctx); err != nil {
			t.Fatal(err)
		}
		run("pull", ref.String())
		is(sandbox.SourceLocal)

		other := tag.Ref{Repository: b.Repository, Tag: "other"}
		if _, err := lab.PublishLabelled(ctx, other, map[string]string{"other": "yes"}, sandbox.HostPlatform()); err != nil {
			t.Fatal(err)
		}
		run("pull", other.String())
		run("tag", other.String(), ref.String())
		is(sandbox.SourcePulled)
		is(sandbox.SourceLocal)
	})
}

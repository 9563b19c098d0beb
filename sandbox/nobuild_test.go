package sandbox_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
)

// holder is an engine that cannot build.
type holder struct{ engine.Engine }

// TestEngineThatCannotBuild is used for what it can: it holds what is published.
func TestEngineThatCannotBuild(t *testing.T) {
	const cannot = "; and memory cannot build images"
	options := func(m *memory) sandbox.Options {
		o := m.options(t)
		o.Engines = []engine.Engine{holder{m}}
		return o
	}
	b, ref, _ := published(t)
	m := newMemory()
	out, err := sandbox.Ensure(t.Context(), b, options(m))
	if err != nil || out.Source != sandbox.SourcePulled || strings.Contains(out.Reason, cannot) {
		t.Errorf("published: %+v, %v", out, err)
	}
	if m.images[ref.String()] == nil {
		t.Errorf("%s names nothing", ref)
	}

	r, b, _ := unpublished(t)
	for _, c := range []struct {
		name  string
		pull  sandbox.Policy
		wrap  func(http.Handler) http.Handler
		state registry.State
		hint  string // its beginning
	}{
		{"absent", sandbox.PolicyMissing, nil, registry.StateAbsent, "allow pulling, or choose an engine that can build"},
		{"pulling is off", sandbox.PolicyNever, nil, registry.StateAbsent, "allow pulling, or choose an engine that can build"},
		{"denied", sandbox.PolicyMissing, breaks(t, "manifest/403"), registry.StateDenied, "sign in with "},
	} {
		r.Wrap(c.wrap)
		m := newMemory()
		o := options(m)
		o.Pull = c.pull
		_, err := sandbox.Ensure(t.Context(), b, o)
		if e := refusedWith(t, err, c.state); !strings.HasSuffix(e.Reason, cannot) || !strings.HasPrefix(e.Remedy, c.hint) {
			t.Errorf("%s: %+v", c.name, e)
		}
		d, err := sandbox.Plan(t.Context(), b, o)
		if err != nil || d.Action != sandbox.ActionFail || !strings.HasSuffix(d.Reason, cannot) || !strings.HasPrefix(d.Hint, c.hint) {
			t.Errorf("%s: planned: %+v, %v", c.name, d, err)
		}
		m.did(t)
	}
	o := options(newMemory())
	o.Build = sandbox.PolicyAlways
	for _, call := range []func() error{
		func() error { _, err := sandbox.Ensure(t.Context(), b, o); return err },
		func() error { _, err := sandbox.Plan(t.Context(), b, o); return err },
	} {
		if err := call(); !errors.As(err, new(*sandbox.InputError)) || err.Error() != "memory cannot build images" {
			t.Errorf("to build always: %v", err)
		}
	}
}

// TestEngineThatBuilds is not blamed where another rule ends the work.
func TestEngineThatBuilds(t *testing.T) {
	down := lab.StartRegistry()
	down.Close()
	o := newMemory().options(t)
	o.Build = sandbox.PolicyNever
	_, err := sandbox.Ensure(t.Context(), toPublish(down), o)
	if e := refusedWith(t, err, registry.StateUnreachable); strings.Contains(e.Reason, "cannot build images") {
		t.Errorf("%+v", e)
	}
}

// TestLostBuildIsRepeated: what an engine built and has lost at once, as podman
// does where many write to its store, is built once more, and no further time.
func TestLostBuildIsRepeated(t *testing.T) {
	for lost, want := range map[int][]string{1: {"build", "build", "tag", "remove"}, 2: {"build", "build", "remove"}} {
		b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: "registry.invalid/base"}
		m := newMemory()
		m.onInspect = func(ref string) error {
			if ref == m.built.ID && lost > 0 {
				lost--
				return engine.ErrNotFound
			}
			return nil
		}
		o := m.options(t)
		o.Pull = sandbox.PolicyNever
		_, err := sandbox.Ensure(t.Context(), b, o)
		if (err == nil) != slices.Contains(want, "tag") {
			t.Errorf("%v, %v", want, err)
		}
		m.did(t, want...)
	}
}

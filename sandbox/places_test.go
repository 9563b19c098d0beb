package sandbox_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestSources: the image is fetched from the first place that has it, and has
// its one name wherever that was.
func TestSources(t *testing.T) {
	name, empty, full := labtest.Registry(t), labtest.Registry(t), labtest.Registry(t)
	down := lab.StartRegistry()
	down.Close()
	broken := labtest.Registry(t)
	broken.Wrap(breaks(t, "manifest/html"))
	at := func(r *lab.Registry) string { return r.Host() + "/vessux/openlock-base" }
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: at(name)}
	labtest.Publish(t, tag.Ref{Repository: at(full), Tag: identity[:tag.Length]}, identity)

	for _, c := range []struct {
		name    string
		sources []string
		source  sandbox.Source
		from    string // where it was pulled from
		state   registry.State
		reason  []string // that the reason names
	}{
		{"the name alone", nil, sandbox.SourceBuilt, "", registry.StateAbsent, nil},
		{"the second has it", []string{at(empty), at(full)}, sandbox.SourcePulled, at(full), registry.StateComplete, []string{at(full)}},
		{"the first is out of reach", []string{at(down), at(full)}, sandbox.SourcePulled, at(full), registry.StateComplete, []string{at(full)}},
		{"none has it", []string{at(empty), at(name)}, sandbox.SourceBuilt, "", registry.StateAbsent, []string{at(empty), at(name)}},
		{"several cannot say", []string{at(broken), at(down)}, sandbox.SourceBuilt, "", registry.StateInvalid, []string{at(broken), "refused"}},
		{"an outage is not absence", []string{at(empty), at(down)}, sandbox.SourceBuilt, "", registry.StateUnreachable, []string{at(empty), "refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := b
			b.Sources = c.sources
			m := newMemory()
			var phases []sandbox.Phase
			o := m.options(t)
			o.Progress = func(p sandbox.Progress) {
				if p.Ended {
					phases = append(phases, p.Phase)
				} else if p.Phase == sandbox.PhasePull && p.Total <= 0 {
					t.Error("the size of the pull is not known")
				}
			}
			plan, err := sandbox.Plan(t.Context(), b, o)
			if err != nil || plan.From != c.from {
				t.Errorf("planned: %+v, %v", plan, err)
			}
			phases = nil
			got, err := sandbox.Ensure(t.Context(), b, o)
			if err != nil || got.Source != c.source || got.State != c.state || got.Ref.Repository != b.Repository {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, word := range c.reason {
				if !strings.Contains(got.Reason, word) {
					t.Errorf("the reason %q does not name %q", got.Reason, word)
				}
			}
			if m.images[got.Ref.String()] == nil {
				t.Errorf("%s names nothing", got.Ref)
			}
			if c.from != "" && !slices.ContainsFunc(slices.Collect(maps.Keys(m.images)), func(ref string) bool {
				return strings.HasPrefix(ref, c.from+"@sha256:")
			}) {
				t.Errorf("the engine holds %v", m.images)
			}
			last := sandbox.PhaseBuild
			if c.from != "" {
				last = sandbox.PhasePull
			}
			if want := []sandbox.Phase{sandbox.PhaseWait, sandbox.PhaseProbe, last}; !slices.Equal(phases, want) {
				t.Errorf("phases %q, want %q", phases, want)
			}
		})
	}
}

// TestMostSources: eight places are asked.
func TestMostSources(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	for n := range 8 {
		b.Sources = append(b.Sources, fmt.Sprintf("%s/%d", b.Repository, n))
	}
	if d, err := sandbox.Plan(t.Context(), b, newMemory().options(t)); err != nil || d.State != registry.StateAbsent {
		t.Fatalf("%+v, %v", d, err)
	}
	for n := range 8 {
		if !slices.ContainsFunc(r.Requests(), func(req lab.Request) bool { return strings.Contains(req.Path, fmt.Sprintf("/openlock-base/%d/", n)) }) {
			t.Errorf("source %d was not asked", n)
		}
	}
}

// TestBadSources: they are refused before anything is asked.
func TestBadSources(t *testing.T) {
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: "127.0.0.1:1/a"}
	for culprit, sources := range map[string][]string{
		"source: repository \"-v/a\"": {"-v/a"}, "9 sources": slices.Repeat([]string{"127.0.0.1:1/a"}, 9), "source: repository \"\"": {""},
	} {
		b.Sources = sources
		if _, err := sandbox.Ensure(t.Context(), b, newMemory().options(t)); err == nil || !strings.Contains(err.Error(), culprit) {
			t.Errorf("%q: %v", sources, err)
		}
	}
}

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestDerivedImageIsNotTheBase: an image that was given the base's name after
// openlock had put the base there is not used, though it has the base's label:
// one that is built FROM the base inherits that.
func TestDerivedImageIsNotTheBase(t *testing.T) {
	pulledBase, ref, _ := published(t)
	_, builtBase, builtRef := unpublished(t)
	for name, row := range map[string]struct {
		base   sandbox.Base
		ref    string
		source sandbox.Source
		found  bool // the base is there before openlock runs first
	}{
		"after a pull":      {pulledBase, ref.String(), sandbox.SourcePulled, false},
		"after a build":     {builtBase, builtRef.String(), sandbox.SourceBuilt, false},
		"after it was used": {pulledBase, ref.String(), sandbox.SourcePulled, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			var said []string
			o := m.options(t)
			o.Notify = func(n sandbox.Notice) { said = append(said, n.Text) }
			first := row.source
			if row.found {
				m.images[row.ref], first = good("pulled"), sandbox.SourceLocal
			}
			for _, want := range []sandbox.Source{first, sandbox.SourceLocal} {
				if got, err := sandbox.Ensure(t.Context(), row.base, o); err != nil || got.Source != want {
					t.Fatalf("%+v, %v; want it %s", got, err, want)
				}
			}
			m.images[row.ref] = good("derived")
			plan, err := sandbox.Plan(t.Context(), row.base, o)
			if err != nil || plan.Action == sandbox.ActionUse {
				t.Errorf("planned: %+v, %v", plan, err)
			}
			said = nil
			got, err := sandbox.Ensure(t.Context(), row.base, o)
			if err != nil || got.Source != row.source || m.images[row.ref].ID == "derived" {
				t.Errorf("%+v, %v; the name has %s", got, err, m.images[row.ref].ID)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, "built FROM the base inherit") {
				t.Errorf("said: %s", all)
			}
			if got, err := sandbox.Ensure(t.Context(), row.base, o); err != nil || got.Source != sandbox.SourceLocal {
				t.Errorf("%+v, %v; want it local again", got, err)
			}
		})
	}
}

// TestHistoryTellsWithoutAMark: where openlock has never been, an image is known
// as derived by the last step of its history.
func TestHistoryTellsWithoutAMark(t *testing.T) {
	_, b, ref := unpublished(t)
	for step, want := range map[string]sandbox.Source{
		"": sandbox.SourceLocal, // the engine does not tell, or it was pulled
		`/bin/sh -c #(nop) LABEL "` + tag.Label + `"="` + identity + `"`: sandbox.SourceLocal,
		"/bin/sh -c #(nop) ENV DERIVED=yes":                              sandbox.SourceBuilt,
		"/bin/sh":                                                        sandbox.SourceBuilt,
	} {
		m := newMemory()
		m.images[ref.String()] = good("there")
		m.images[ref.String()].LastStep = step
		if got, err := sandbox.Ensure(t.Context(), b, m.options(t)); err != nil || got.Source != want {
			t.Errorf("%q: %+v, %v; want it %s", step, got, err, want)
		}
	}
}

// TestNoMarkNoDoubt: where openlock has never been, the label decides, and no
// network is needed.
func TestNoMarkNoDoubt(t *testing.T) {
	_, b, ref := unpublished(t)
	m := newMemory()
	m.images[ref.String()] = good("loaded")
	o := m.options(t)
	o.Pull, o.Build = sandbox.PolicyNever, sandbox.PolicyNever
	if got, err := sandbox.Ensure(t.Context(), b, o); err != nil || got.Source != sandbox.SourceLocal {
		t.Errorf("%+v, %v", got, err)
	}
}

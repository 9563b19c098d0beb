package sandbox_test

import (
	"context"
	"slices"
	"testing"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
)

// tagEngine looks for a repository at the places.
type tagEngine struct {
	farEngine
	places []access.Place
}

func (e *tagEngine) Access(context.Context) *access.Access {
	return &access.Access{Places: func(string, string) ([]access.Place, error) { return slices.Clone(e.places), nil }}
}

// TestVerifiedImageIsNotPulledByTag: an engine gives the ref to what it pulls by
// tag before openlock has seen it. So a mirror that the engine asks for tags alone
// serves no image that has to be verified.
func TestVerifiedImageIsNotPulledByTag(t *testing.T) {
	for _, c := range []struct {
		name             string
		verified, origin bool
	}{{"not verified", false, true}, {"verified, from the origin", true, true}, {"verified, by tag alone", true, false}} {
		t.Run(c.name, func(t *testing.T) {
			b, ref, p := published(t)
			m := newMemory()
			e := &tagEngine{farEngine{memory: m}, []access.Place{{Repository: b.Repository, Insecure: true, Mirror: true, TagsOnly: true}}}
			if c.origin {
				e.places = append(e.places, access.Place{Repository: b.Repository, Insecure: true})
			}
			o := m.options(t)
			o.Engines, o.Build = []engine.Engine{e}, sandbox.PolicyNever
			if c.verified {
				o.Verifier = &signer{}
			}
			_, err := sandbox.Ensure(t.Context(), b, o)
			if !c.origin {
				refusedWith(t, err, registry.StateUnreachable)
				m.did(t)
				return
			}
			want := ref.String()
			if c.verified {
				want = b.Repository + "@" + p.Children[sandbox.HostPlatform()]
			}
			if err != nil || !slices.Equal(e.refs, []string{want}) {
				t.Errorf("pulled %v, want %s; %v", e.refs, want, err)
			}
		})
	}
}

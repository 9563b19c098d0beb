package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
)

// farEngine is a memory that may reach what the probe does not.
type farEngine struct {
	*memory
	differs string
	refs    []string
	options engine.PullOptions // of the last pull
}

func (f *farEngine) Access(context.Context) *access.Access {
	return &access.Access{Differs: f.differs}
}

func (f *farEngine) Pull(ctx context.Context, ref, platform string, o engine.PullOptions) error {
	f.refs, f.options = append(f.refs, ref), o
	return f.memory.Pull(ctx, ref, platform, o)
}

const elsewhere = "its daemon is on another machine"

// TestEngineIsAsked: the engine is asked once where the registry's state is
// unknown and the engine may reach more, whatever the policy on building; never
// otherwise.
func TestEngineIsAsked(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   string // empty: the registry has no such image
		differs string
		asked   bool
	}{
		{"denied", "manifest/403", elsewhere, true},
		{"unreachable", "manifest/500", elsewhere, true},
		{"invalid", "manifest/html", elsewhere, false},
		{"throttled", "manifest/429", elsewhere, false},
		{"absent", "", elsewhere, false},
		{"an engine here", "manifest/403", "", false},
	} {
		for _, policy := range []sandbox.Policy{sandbox.PolicyMissing, sandbox.PolicyNever} {
			t.Run(c.name+", build "+string(policy), func(t *testing.T) {
				r, b, ref := unpublished(t)
				if c.fault != "" {
					r.Wrap(breaks(t, c.fault))
				}
				f := &farEngine{memory: newMemory(), differs: c.differs}
				f.pullErr = []error{errors.New("memory pull: no route"), nil}
				o := f.memory.options(t)
				o.Engines, o.Build, o.PullTimeout = []engine.Engine{f}, policy, time.Hour
				p, err := sandbox.Plan(t.Context(), b, o)
				if err != nil || strings.Contains(p.Reason, "memory is asked to pull it first: "+elsewhere) != c.asked || len(f.calls) > 0 {
					t.Errorf("planned: %+v, %v; did %q", p, err, f.calls)
				}
				out, err := sandbox.Ensure(t.Context(), b, o)
				var want []string
				if c.asked {
					want = []string{"pull"}
				}
				reason := ""
				if policy == sandbox.PolicyNever {
					e := refusedWith(t, err, p.State)
					reason = e.Reason
					f.did(t, want...)
				} else if err != nil {
					t.Fatal(err)
				} else {
					reason = out.Reason
					f.did(t, append(want, "build", "tag", "remove")...) // of the name that the build had meanwhile
				}
				if !c.asked {
					return
				}
				if !strings.Contains(reason, "; memory could not pull it either: memory pull: no route") || !strings.Contains(reason, "HTTP ") {
					t.Errorf("the reason is %q", reason)
				}
				if f.refs[0] != ref.String() || f.options.Timeout != time.Hour || f.options.BeginTimeout != 10*time.Second {
					t.Errorf("pulled %q with %+v", f.refs, f.options)
				}
			})
		}
	}
}

// denying is a base whose registry denies it.
func denying(t *testing.T) sandbox.Base {
	r, b, _ := unpublished(t)
	r.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	})
	return b
}

// TestEngineAnswers: what the engine gets is judged as every pull.
func TestEngineAnswers(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	known := good("known")
	known.Digests = []string{"r/a@" + digest}
	for _, c := range []struct {
		name   string
		pulled *engine.Image
		digest string // of the base
		reason string
		state  registry.State
		remove bool
	}{
		{"the image", good("pulled"), "", "; memory pulled it: " + elsewhere, registry.StateDenied, false},
		{"by its digest", known, digest, "; memory pulled it: " + elsewhere, registry.StateDenied, false},
		{"another digest", good("pulled"), digest, "; the image that memory pulled is not ours: its digest is not the one", registry.StateInvalid, true},
		{"another image", foreign("pulled"), "", "; the image that memory pulled is not ours: its label names another", registry.StateInvalid, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := denying(t)
			b.Digest = c.digest
			f := &farEngine{memory: newMemory(), differs: elsewhere}
			f.pulled = c.pulled
			o := f.memory.options(t)
			o.Engines, o.Build = []engine.Engine{f}, sandbox.PolicyNever
			out, err := sandbox.Ensure(t.Context(), b, o)
			if c.remove {
				f.did(t, "pull", "remove")
				if e := refusedWith(t, err, c.state); !strings.Contains(e.Reason, c.reason) {
					t.Error(e.Reason)
				}
				return
			}
			f.did(t, "pull")
			if err != nil || out.Source != sandbox.SourcePulled || out.State != c.state || out.Digest != c.digest || !strings.Contains(out.Reason, c.reason) {
				t.Fatalf("%+v, %v", out, err)
			}
			if out, err = sandbox.Ensure(t.Context(), b, o); err != nil || out.Source != sandbox.SourceLocal {
				t.Errorf("then: %+v, %v", out, err)
			}
		})
	}
}

// TestEngineIsNotAskedForWhatCannotBeVerified: without the probe's digest no
// signature can be verified, so the engine pulls nothing.
func TestEngineIsNotAskedForWhatCannotBeVerified(t *testing.T) {
	b := denying(t)
	f := &farEngine{memory: newMemory(), differs: elsewhere}
	o := f.memory.options(t)
	o.Engines, o.Build, o.Verifier = []engine.Engine{f}, sandbox.PolicyNever, &signer{}
	_, err := sandbox.Ensure(t.Context(), b, o)
	if e := refusedWith(t, err, registry.StateDenied); !strings.Contains(e.Reason, "; memory is not asked to pull it, since no signature could be verified") {
		t.Error(e.Reason)
	}
	f.did(t)
}

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// did fails the test unless the engine did just this, in this order.
func (m *memory) did(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(m.calls, want) {
		t.Errorf("the engine did %q, want %q", m.calls, want)
	}
}

// TestEnsurePulls by the digest of the platform's own image, and gives the ref
// to it.
func TestEnsurePulls(t *testing.T) {
	b, ref, image := published(t)
	m := newMemory()
	out, err := sandbox.Ensure(t.Context(), b, m.options(t))
	if err != nil || out.Source != sandbox.SourcePulled || out.Digest != image.Digest || out.State != registry.StateComplete || out.Verified != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	m.did(t, "pull", "tag")
	if m.images[ref.Repository+"@"+image.Children[sandbox.HostPlatform()]] == nil || m.images[ref.String()] == nil {
		t.Errorf("the engine holds %v", m.images)
	}
	if out, err = sandbox.Ensure(t.Context(), b, m.options(t)); err != nil || out.Source != sandbox.SourceLocal {
		t.Errorf("the next run: %+v, %v", out, err)
	}
}

// TestForeignPulledImageIsRemoved: what was pulled and is another image gets no
// ref, and its name is taken away again.
func TestForeignPulledImageIsRemoved(t *testing.T) {
	b, ref, image := published(t)
	m := newMemory()
	m.pulled = foreign("pulled")
	out, err := sandbox.Ensure(t.Context(), b, m.options(t))
	if err != nil || out.Source != sandbox.SourceBuilt || out.State != registry.StateInvalid {
		t.Fatalf("%+v, %v", out, err)
	}
	m.did(t, "pull", "remove", "build", "tag", "remove")
	if left := m.images[ref.Repository+"@"+image.Children[sandbox.HostPlatform()]]; left != nil {
		t.Errorf("%+v is left behind", left)
	}
	m.nothingTemporary(t)
	if got := m.images[ref.String()]; got == nil || got.ID != "built" {
		t.Errorf("%s is %+v", ref, got)
	}
}

// TestForeignPulledImageWithoutBuild: where building is off, that is the end.
func TestForeignPulledImageWithoutBuild(t *testing.T) {
	b, _, _ := published(t)
	m := newMemory()
	m.pulled = foreign("pulled")
	o := m.options(t)
	o.Build = sandbox.PolicyNever
	_, err := sandbox.Ensure(t.Context(), b, o)
	refusedWith(t, err, registry.StateInvalid)
	m.did(t, "pull", "remove")
}

// TestBuiltImageIsJudged before it gets the ref.
func TestBuiltImageIsJudged(t *testing.T) {
	_, b, ref := unpublished(t)
	m := newMemory()
	m.built = foreign("built")
	if out, err := sandbox.Ensure(t.Context(), b, m.options(t)); err == nil || !strings.Contains(err.Error(), "names another Containerfile") {
		t.Errorf("%+v, %v", out, err)
	}
	m.did(t, "build", "remove")
	if m.images[ref.String()] != nil {
		t.Errorf("%s is %+v", ref, m.images[ref.String()])
	}
	m.nothingTemporary(t)
}

// TestBuiltForAnotherPlatform: a build from the engine's cache that is for
// another platform is begun once more without it.
func TestBuiltForAnotherPlatform(t *testing.T) {
	for name, row := range map[string]struct {
		noCache bool
		calls   []string
	}{"from the cache": {false, []string{"build", "remove", "build", "remove"}}, "without the cache": {true, []string{"build", "remove"}}} {
		t.Run(name, func(t *testing.T) {
			_, b, _ := unpublished(t)
			m := newMemory()
			m.built.Platform = "plan9/386"
			o := m.options(t)
			o.NoCache = row.noCache
			if out, err := sandbox.Ensure(t.Context(), b, o); err == nil || !strings.Contains(err.Error(), "it is for plan9/386") {
				t.Errorf("%+v, %v", out, err)
			}
			m.did(t, row.calls...)
			m.nothingTemporary(t)
		})
	}
}

// TestSecondLookUnderTheLock: what another process got before this one had the
// lock is used.
func TestSecondLookUnderTheLock(t *testing.T) {
	_, b, ref := unpublished(t)
	m := newMemory()
	m.onInspect = func(string) error {
		if m.questions == 2 {
			m.images[ref.String()] = good("of another process")
		}
		return nil
	}
	out, err := sandbox.Ensure(t.Context(), b, m.options(t))
	if err != nil || out.Source != sandbox.SourceLocal {
		t.Errorf("%+v, %v", out, err)
	}
	m.did(t)
}

// TestPullIsTriedTwice, but not where it took its whole time, nor after an
// interrupt.
func TestPullIsTriedTwice(t *testing.T) {
	lost := errors.New("connection reset")
	b, _, _ := published(t)
	t.Run("lost once", func(t *testing.T) {
		m := newMemory()
		m.pullErr = []error{lost}
		out, err := sandbox.Ensure(t.Context(), b, m.options(t))
		if err != nil || out.Source != sandbox.SourcePulled {
			t.Errorf("%+v, %v", out, err)
		}
		m.did(t, "pull", "pull", "tag")
	})
	t.Run("lost twice", func(t *testing.T) {
		m := newMemory()
		m.pullErr = []error{lost, lost, lost}
		out, err := sandbox.Ensure(t.Context(), b, m.options(t))
		if err != nil || out.Source != sandbox.SourceBuilt || !strings.Contains(out.Reason, "connection reset") {
			t.Errorf("%+v, %v", out, err)
		}
		m.did(t, "pull", "pull", "build", "tag", "remove")
	})
	t.Run("timed out", func(t *testing.T) {
		m := newMemory()
		m.pullErr = []error{fmt.Errorf("memory pull: %w", new(process.LimitError))}
		out, err := sandbox.Ensure(t.Context(), b, m.options(t))
		if err != nil || out.Source != sandbox.SourceBuilt {
			t.Errorf("%+v, %v", out, err)
		}
		m.did(t, "pull", "build", "tag", "remove")
	})
	t.Run("interrupted", func(t *testing.T) {
		m := newMemory()
		stop := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		m.onInspect = func(string) error {
			if m.questions == 2 {
				m.pullErr = []error{lost}
			}
			return nil
		}
		o := m.options(t)
		o.Notify = func(n sandbox.Notice) {
			if strings.HasPrefix(n.Text, "pulling ") {
				cancel(stop)
			}
		}
		if _, err := sandbox.Ensure(ctx, b, o); !errors.Is(err, stop) {
			t.Errorf("%v", err)
		}
		m.did(t, "pull")
	})
}

// signer is a verifier that says what it is given.
type signer struct {
	print string
	err   error
	asked []signature.Subject
}

func (s *signer) Verify(_ context.Context, subject signature.Subject) error {
	s.asked = append(s.asked, subject)
	return s.err
}

func (s *signer) Fingerprint() string { return s.print }

// TestEnsureVerifies what it pulls, before it does, and remembers it for the
// same policy only.
func TestEnsureVerifies(t *testing.T) {
	b, _, image := published(t)
	m, s := newMemory(), &signer{print: "a policy"}
	m.pulled.Digests = []string{"r@" + image.Children[sandbox.HostPlatform()]}
	o := m.options(t)
	o.Verifier = s
	for i, c := range []struct {
		print, digest string
		source        sandbox.Source
		verified      sandbox.Verified
		asked         int
	}{
		{"a policy", "", sandbox.SourcePulled, sandbox.VerifiedBySignature, 1},
		{"a policy", image.Digest, sandbox.SourceLocal, sandbox.VerifiedByRecord, 1},
		{"another policy", "", sandbox.SourcePulled, sandbox.VerifiedBySignature, 2},
		{"another policy", "", sandbox.SourceLocal, sandbox.VerifiedByRecord, 2},
	} {
		s.print, b.Digest = c.print, c.digest
		out, err := sandbox.Ensure(t.Context(), b, o)
		if err != nil || out.Source != c.source || out.Verified != c.verified || len(s.asked) != c.asked {
			t.Errorf("%d: %+v, %v; asked %d times", i+1, out, err, len(s.asked))
		}
	}
	if got := s.asked[0]; got.Digest != image.Digest || got.Identity != identity || got.Platform != sandbox.HostPlatform() {
		t.Errorf("asked to verify %+v", got)
	}
	// The same ID with other layers, and another image under the ref.
	m.pulled.Digests = []string{"r@sha256:" + strings.Repeat("0", 64)}
	if out, err := sandbox.Ensure(t.Context(), b, o); err != nil || out.Source != sandbox.SourcePulled {
		t.Errorf("not known by the manifest: %+v, %v", out, err)
	}
}

// TestEnsureRefusesUnsigned: nothing is pulled or built in place of what the
// verifier refuses.
func TestEnsureRefusesUnsigned(t *testing.T) {
	b, _, _ := published(t)
	m := newMemory()
	o := m.options(t)
	o.Verifier = &signer{err: &signature.Error{Reason: "no signature", Remedy: "sign it"}}
	_, err := sandbox.Ensure(t.Context(), b, o)
	if e := refusedWith(t, err, registry.StateInvalid); e.Reason != "no signature" || e.Remedy != "sign it" {
		t.Errorf("%+v", e)
	}
	broken := errors.New("broken")
	o.Verifier = &signer{err: broken}
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	m.did(t)
}

// TestBuiltHereIsVerifiedByThat, as long as it is the same image.
func TestBuiltHereIsVerifiedByThat(t *testing.T) {
	_, b, ref := unpublished(t)
	m := newMemory()
	o := m.options(t)
	o.Verifier = &signer{}
	for _, want := range []sandbox.Source{sandbox.SourceBuilt, sandbox.SourceLocal} {
		out, err := sandbox.Ensure(t.Context(), b, o)
		if err != nil || out.Source != want || out.Verified != sandbox.VerifiedByBuild {
			t.Errorf("%+v, %v", out, err)
		}
	}
	m.images[ref.String()] = good("tagged by somebody")
	if out, err := sandbox.Ensure(t.Context(), b, o); err != nil || out.Source != sandbox.SourceBuilt {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestFirstEngineThatAnswers is used; where none does, each is named.
func TestFirstEngineThatAnswers(t *testing.T) {
	_, b, _ := unpublished(t)
	down, up := newMemory(), newMemory()
	down.onInspect = func(string) error { return &engine.UnavailableError{Engine: "first", Reason: "it is down"} }
	o := up.options(t)
	o.Engines = []engine.Engine{down, up}
	var notices []string
	o.Notify = func(n sandbox.Notice) {
		if n.Warning {
			notices = append(notices, n.Text)
		}
	}
	if out, err := sandbox.Ensure(t.Context(), b, o); err != nil || out.Engine != up.Name() {
		t.Errorf("%+v, %v", out, err)
	}
	down.did(t)
	if len(notices) != 1 || !strings.HasPrefix(notices[0], "first does not answer: it is down; using ") {
		t.Errorf("%q", notices)
	}
	o.Engines = []engine.Engine{down, down}
	unavailable := new(engine.UnavailableError)
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.As(err, &unavailable) || strings.Count(err.Error(), "it is down") != 2 {
		t.Errorf("%v", err)
	}
	broken := errors.New("broken")
	down.onInspect = func(string) error { return broken }
	o.Engines = []engine.Engine{down, up}
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestNotPulledAgain: where an image that is to be pulled again cannot be, the
// one in the store is used, with a warning.
func TestNotPulledAgain(t *testing.T) {
	const why = "the image exists locally, and it could not be pulled again: "
	r, b, ref := unpublished(t)
	for name, wrap := range map[string]func(http.Handler) http.Handler{"absent": nil, "unreachable": breaks(t, "manifest/500")} {
		r.Wrap(wrap)
		m := newMemory()
		m.images[ref.String()] = good("local")
		o := m.options(t)
		o.Pull = sandbox.PolicyAlways
		var warnings []string
		o.Notify = func(n sandbox.Notice) {
			if n.Warning {
				warnings = append(warnings, n.Text)
			}
		}
		out, err := sandbox.Ensure(t.Context(), b, o)
		if err != nil || out.Source != sandbox.SourceLocal || !strings.HasPrefix(out.Reason, why) {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if len(warnings) != 1 || warnings[0] != out.Reason {
			t.Errorf("%s: warnings %q", name, warnings)
		}
		m.did(t)
	}
}

// TestAnotherDigestIsNotPulled: a base whose digest is known is pulled from no
// other index, whatever the tag names.
func TestAnotherDigestIsNotPulled(t *testing.T) {
	b, _, image := published(t)
	b.Digest = "sha256:" + strings.Repeat("0", 64)
	m := newMemory()
	o := m.options(t)
	o.Build = sandbox.PolicyNever
	_, err := sandbox.Ensure(t.Context(), b, o)
	if e := refusedWith(t, err, registry.StateInvalid); !strings.Contains(e.Reason, image.Digest) {
		t.Errorf("%+v", e)
	}
	m.did(t)
}

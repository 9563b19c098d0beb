package sandbox_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// deniedTags has a registry answer 403 to the first n reads of a tag, while it
// takes pushes. It counts what is put under the tag.
func deniedTags(r *lab.Registry, ref tag.Ref, n int32) *atomic.Int32 {
	reads, puts := new(atomic.Int32), new(atomic.Int32)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			tagged := strings.HasSuffix(req.URL.Path, "/manifests/"+ref.Tag)
			if tagged && req.Method == http.MethodPut {
				puts.Add(1)
			}
			if tagged && req.Method == http.MethodGet && reads.Add(1) <= n {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			inner.ServeHTTP(w, req)
		})
	})
	return puts
}

// TestDeniedTagIsNotOverwritten: a tag that cannot be read is neither built for
// nor written, also by force, though pushes work.
func TestDeniedTagIsNotOverwritten(t *testing.T) {
	for name, force := range map[string]bool{"plain": false, "force": true} {
		t.Run(name, func(t *testing.T) {
			r, b, ref := unpublished(t)
			there := mustPush(t, ref, b.Identity(), "first")
			puts := deniedTags(r, ref, 1000)
			p, o := &pusher{run: "ours"}, sandbox.PublishOptions{}
			if o.Builder = p; force {
				o.Force = there.Digest
			}
			_, err := publish(t, b, o)
			refusedWith(t, err, registry.StateDenied)
			if len(p.built) > 0 || puts.Load() > 0 {
				t.Errorf("built %v, put %d times", p.built, puts.Load())
			}
			if got := r.Digest("vessux/openlock-base", ref.Tag); got != there.Digest {
				t.Errorf("the tag is at %s, want %s", got, there.Digest)
			}
		})
	}
}

// TestWriterReadsWhatIsDenied: where the plain probe is denied, what the writer
// reads decides: a complete image stays.
func TestWriterReadsWhatIsDenied(t *testing.T) {
	r, b, ref := unpublished(t)
	there := mustPush(t, ref, b.Identity(), "first")
	puts := deniedTags(r, ref, 1)
	p := &pusher{run: "ours"}
	res, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || res.Outcome != sandbox.OutcomeSkipped || res.Digest != there.Digest || len(p.built)+int(puts.Load()) > 0 {
		t.Errorf("%+v, %v; built %v, put %d times", res, err, p.built, puts.Load())
	}
}

// TestPublishedBetweenProbeAndPut: what another run puts after the last probe
// is not replaced, and the loser tells so.
func TestPublishedBetweenProbeAndPut(t *testing.T) {
	r, b, ref := unpublished(t)
	var other *lab.Published
	uploads := new(atomic.Int32)
	p := &pusher{run: "ours"}
	// The writer's trial upload comes after the probe that follows the build.
	p.before = func() { uploads.Store(0) }
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			inner.ServeHTTP(w, req)
			if fault.StepOf(req) == fault.Upload && req.Method == http.MethodDelete && len(p.built) > 0 && uploads.Add(1) == 1 {
				r.Wrap(nil)
				other = mustPush(t, ref, b.Identity(), "another")
			}
		})
	})
	_, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if other == nil {
		t.Fatal("the other run did not get to publish")
	}
	e := refusedWith(t, err, registry.StateInvalid)
	if !strings.Contains(e.Reason, other.Digest) || !strings.Contains(e.Remedy, "run it again") {
		t.Errorf("%q, %q", e.Reason, e.Remedy)
	}
	if now := stateIs(t, b, registry.StateComplete); now.Digest != other.Digest {
		t.Errorf("the tag is at %s, want %s", now.Digest, other.Digest)
	}
}

// TestReasonIsTrueAfterwards: what Publish says is not the state before.
func TestReasonIsTrueAfterwards(t *testing.T) {
	_, b, _ := unpublished(t)
	check := func(want string, o sandbox.PublishOptions) *sandbox.PublishResult {
		t.Helper()
		res, err := publish(t, b, o)
		if err != nil || res.Reason != want {
			t.Fatalf("%+v, %v; want %q", res, err, want)
		}
		return res
	}
	check("pushed linux/amd64, linux/arm64", sandbox.PublishOptions{Builder: &pusher{run: "1"}})
	check("published already for linux/amd64, linux/arm64", sandbox.PublishOptions{Builder: &pusher{}})
	for _, run := range []string{"1", "2"} { // the same bits again, and other bits
		now := stateIs(t, b, registry.StateComplete)
		if err := lab.Delete(t.Context(), b.Repository, "manifests", now.Children[1].Digest); err != nil {
			t.Fatal(err)
		}
		check("pushed linux/arm64, which the tag lacked", sandbox.PublishOptions{Builder: &pusher{run: run}})
	}
	now := stateIs(t, b, registry.StateComplete)
	check("pushed linux/amd64, linux/arm64, in place of "+now.Digest, sandbox.PublishOptions{Builder: &pusher{run: "3"}, Force: now.Digest})
}

// TestPinnedDigestShownLate: a registry that first does not have the pinned
// digest, and then has it under the tag, serves the image.
func TestPinnedDigestShownLate(t *testing.T) {
	r, b, ref := unpublished(t)
	b.Digest = mustPush(t, ref, b.Identity(), "").Digest
	asked := new(atomic.Int32)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.HasSuffix(req.URL.Path, "/manifests/"+b.Digest) {
				asked.Add(1)
				w.WriteHeader(http.StatusNotFound)
				return
			}
			inner.ServeHTTP(w, req)
		})
	})
	m := newMemory()
	got, err := sandbox.Ensure(t.Context(), b, m.options(t))
	if err != nil || got.Source != sandbox.SourcePulled || got.Digest != b.Digest || asked.Load() == 0 {
		t.Errorf("%+v, %v; the digest was asked for %d times", got, err, asked.Load())
	}
}

// TestNoRepositoryToPublishTo: a registry that creates no repositories is told
// before anything is built, with exit code 3 and the remedy.
func TestNoRepositoryToPublishTo(t *testing.T) {
	r, b, _ := unpublished(t)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPost {
				w.WriteHeader(http.StatusNotFound)
				w.Write([]byte(`{"errors":[{"code":"NAME_UNKNOWN"}]}`))
				return
			}
			inner.ServeHTTP(w, req)
		})
	})
	p := &pusher{}
	_, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	e := refusedWith(t, err, registry.StateAbsent)
	if !strings.Contains(e.Remedy, "create the repository") || len(p.built) > 0 {
		t.Errorf("%q, %q; built %v", e.Reason, e.Remedy, p.built)
	}
	if code := sandbox.Explain(err).ExitCode; code != 3 {
		t.Errorf("exit code %d", code)
	}
}

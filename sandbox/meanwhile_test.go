package sandbox_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// unpublished is a base image of an empty registry, and its ref.
func unpublished(t *testing.T) (*lab.Registry, sandbox.Base, tag.Ref) {
	t.Helper()
	r := labtest.Registry(t)
	b := toPublish(r)
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	return r, b, ref
}

// TestPublishedDuringTheBuild: the second probe, before the tag is put, finds
// what another run has published since the first one.
func TestPublishedDuringTheBuild(t *testing.T) {
	_, b, ref := unpublished(t)
	var other *lab.Published
	p := &pusher{run: "ours"}
	p.before = func() { other = mustPush(t, ref, b.Identity(), "another") }
	res, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || res.Outcome != sandbox.OutcomeSkipped || res.Digest != other.Digest {
		t.Fatalf("%+v, %v; want it skipped, with %s", res, err, other.Digest)
	}
	if now := stateIs(t, b, registry.StateComplete); now.Digest != other.Digest {
		t.Errorf("the tag is at %s", now.Digest)
	}
}

// TestForceAfterTheTagChanged: -force replaces the digest that it names, and
// not what came under the tag during the build.
func TestForceAfterTheTagChanged(t *testing.T) {
	_, b, ref := unpublished(t)
	foreign := mustPush(t, ref, "of another file", "")
	var other *lab.Published
	p := &pusher{run: "ours"}
	p.before = func() { other = mustPush(t, ref, "of a third file", "") }
	_, err := publish(t, b, sandbox.PublishOptions{Builder: p, Force: foreign.Digest})
	if unfit := new(leg.Error); !errors.As(err, &unfit) || !strings.Contains(unfit.Reason, other.Digest) {
		t.Errorf("%v; want a refusal that names %s", err, other.Digest)
	}
	if now := stateIs(t, b, registry.StateInvalid); now.Digest != other.Digest {
		t.Errorf("the tag is at %s", now.Digest)
	}
}

// TestRepairReadsChildrenAfterTheBuild: the children that a repair keeps are
// those of the tag as it is after the build.
func TestRepairReadsChildrenAfterTheBuild(t *testing.T) {
	_, b, ref := unpublished(t)
	mustPush(t, ref, b.Identity(), "first", "linux/amd64")
	var second *lab.Published
	p := &pusher{run: "ours"}
	p.before = func() { second = mustPush(t, ref, b.Identity(), "second", "linux/amd64") }
	res, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || res.Outcome != sandbox.OutcomeRepaired {
		t.Fatalf("%+v, %v", res, err)
	}
	if got := res.Children[0].Digest; got != second.Children["linux/amd64"] {
		t.Errorf("the index keeps %s, want %s", got, second.Children["linux/amd64"])
	}
}

// TestForceWithoutTag: where the tag names nothing, there is nothing to replace;
// where the registry does not say, nothing is replaced.
func TestForceWithoutTag(t *testing.T) {
	r, b, _ := unpublished(t)
	p := &pusher{}
	o := sandbox.PublishOptions{Builder: p, Force: "sha256:" + strings.Repeat("0", 64)}
	_, err := publish(t, b, o)
	if unfit := new(leg.Error); !errors.As(err, &unfit) || !strings.HasSuffix(unfit.Reason, "but the tag does not exist") {
		t.Errorf("absent: %v", err)
	}
	r.Wrap(breaks(t, "manifest/500"))
	_, err = publish(t, b, o)
	refusedWith(t, err, registry.StateUnreachable)
	if len(p.built) > 0 {
		t.Error("it was built")
	}
}

// TestForceKeepsNoChild: what is replaced by force is replaced whole.
func TestForceKeepsNoChild(t *testing.T) {
	_, b, ref := unpublished(t)
	before := mustPush(t, ref, b.Identity(), "first")
	res, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{run: "ours"}, Force: before.Digest})
	if err != nil || res.Outcome != sandbox.OutcomePublished {
		t.Fatalf("%+v, %v", res, err)
	}
	for _, c := range res.Children {
		if c.Digest == before.Children[c.Platform] {
			t.Errorf("%s is as it was", c.Platform)
		}
	}
}

// TestDeletedDuringTheBuild: a repair whose kept child disappears during the
// build puts nothing.
func TestDeletedDuringTheBuild(t *testing.T) {
	r, b, ref := unpublished(t)
	first := mustPush(t, ref, b.Identity(), "first", "linux/amd64")
	p := &pusher{run: "ours"}
	p.before = func() {
		if err := lab.Delete(t.Context(), b.Repository, "manifests", first.Children["linux/amd64"]); err != nil {
			t.Error(err)
		}
	}
	_, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	refusedWith(t, err, registry.StateIncomplete)
	if got := r.Digest("vessux/openlock-base", ref.Tag); got != first.Digest {
		t.Errorf("the tag is at %s, want %s", got, first.Digest)
	}
}

// TestAnonymousClientsSeeAnother: Publish compares what anonymous clients see
// with what it has put.
func TestAnonymousClientsSeeAnother(t *testing.T) {
	_, b, ref := unpublished(t)
	var other *lab.Published
	notify := func(n sandbox.Notice) {
		if strings.Contains(n.Text, " is now sha256:") {
			other = mustPush(t, ref, b.Identity(), "another")
		}
	}
	_, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{run: "ours"}, Notify: notify, VisibilityTimeout: 10 * time.Millisecond})
	e := refusedWith(t, err, registry.StateInvalid)
	if other == nil || !strings.Contains(e.Reason, other.Digest) {
		t.Errorf("%q does not name %+v", e.Reason, other)
	}
}

// late answers the first n questions for manifests by digest with 404, and
// counts them all.
func late(r *lab.Registry, n int32) *atomic.Int32 {
	asked := new(atomic.Int32)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/manifests/sha256:") && asked.Add(1) <= n {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			inner.ServeHTTP(w, req)
		})
	})
	return asked
}

// TestLegShownLate: a leg that the registry shows some questions after its
// push is found.
func TestLegShownLate(t *testing.T) {
	r, b, _ := unpublished(t)
	asked := late(r, 3)
	child, err := sandbox.PublishLeg(t.Context(), b, "linux/amd64", sandbox.PublishOptions{Builder: &pusher{}, Registry: registry.Options{Retry: quickRetry}})
	if err != nil || child.Platform != "linux/amd64" || asked.Load() < 4 {
		t.Errorf("%+v, %v after %d questions", child, err, asked.Load())
	}
}

// TestLegIsWholeLate: so is one whose layers the registry shows later than its
// manifest.
func TestLegIsWholeLate(t *testing.T) {
	r, b, _ := unpublished(t)
	left := new(atomic.Int32)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method != http.MethodPut && strings.Contains(req.URL.Path, "/blobs/sha256:") && left.Add(-1) >= 0 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			inner.ServeHTTP(w, req)
			if req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, "/manifests/pushed-by-test") {
				left.Store(3)
			}
		})
	})
	child, err := sandbox.PublishLeg(t.Context(), b, "linux/amd64", sandbox.PublishOptions{Builder: &pusher{}, Registry: registry.Options{Retry: quickRetry}})
	if err != nil || child.Platform != "linux/amd64" || left.Load() >= 0 {
		t.Errorf("%+v, %v; %d answers were left", child, err, left.Load())
	}
}

// TestLegNeverShown: one that is not shown in the end was not pushed.
func TestLegNeverShown(t *testing.T) {
	sandbox.BelieveAtOnce(t)
	r, b, _ := unpublished(t)
	asked := late(r, 1)
	_, err := sandbox.PublishLeg(t.Context(), b, "linux/amd64", sandbox.PublishOptions{Builder: &pusher{}, Registry: registry.Options{Retry: quickRetry}})
	refusedWith(t, err, registry.StateAbsent)
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// shownLate has a registry answer with a status to the first three questions
// for a tag after it was put. It returns how many such answers are left.
func shownLate(r *lab.Registry, ref tag.Ref, status int) *atomic.Int32 {
	left := new(atomic.Int32)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			tagged := strings.HasSuffix(req.URL.Path, "/manifests/"+ref.Tag)
			if tagged && req.Method == http.MethodGet && left.Add(-1) >= 0 {
				w.WriteHeader(status)
				return
			}
			inner.ServeHTTP(w, req)
			if tagged && req.Method == http.MethodPut {
				left.Store(3)
			}
		})
	})
	return left
}

// TestTagShownLate: so is the tag.
func TestTagShownLate(t *testing.T) {
	r, b, ref := unpublished(t)
	left := shownLate(r, ref, http.StatusNotFound)
	res, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}})
	if err != nil || res.Outcome != sandbox.OutcomePublished || left.Load() >= 0 {
		t.Errorf("%+v, %v; %d answers were left", res, err, left.Load())
	}
}

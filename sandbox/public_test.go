package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestPublicShownLate: that anonymous clients are refused right after the push
// is not the end: registries may let them in late.
func TestPublicShownLate(t *testing.T) {
	r, b, ref := unpublished(t)
	shownLate(r, ref, http.StatusForbidden)
	res, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}})
	if err != nil || res.Outcome != sandbox.OutcomePublished {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestPublicIsRefused: that anonymous clients are refused is believed after a
// while.
func TestPublicIsRefused(t *testing.T) {
	sandbox.BelieveAtOnce(t)
	r, b, ref := unpublished(t)
	left := shownLate(r, ref, http.StatusForbidden)
	_, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}})
	refusedWith(t, err, registry.StateDenied)
	// The writer has read the tag after its put, and anonymous clients once.
	if left.Load() != 1 {
		t.Errorf("%d of 3 answers were left", left.Load())
	}
}

// TestPublicIsSeenAtOnce: one question is enough where the answer is the one
// that is wanted.
func TestPublicIsSeenAtOnce(t *testing.T) {
	r, b, ref := unpublished(t)
	said := 0
	notify := func(n sandbox.Notice) {
		if strings.HasPrefix(n.Text, "checking that anonymous clients can pull ") {
			said++
			r.Forget()
		}
	}
	if _, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}, Notify: notify}); err != nil || said != 1 {
		t.Fatalf("%v; said %d times", err, said)
	}
	questions := 0
	for _, req := range r.Requests() {
		if strings.HasSuffix(req.Path, "/manifests/"+ref.Tag) {
			questions++
		}
	}
	if questions != 1 {
		t.Errorf("the tag was asked for %d times: %+v", questions, r.Requests())
	}
}

// TestPublishForGivenPlatforms publishes for those and no other.
func TestPublishForGivenPlatforms(t *testing.T) {
	_, b, _ := unpublished(t)
	res, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}, Platforms: []string{"linux/arm64"}})
	if err != nil || len(res.Children) != 1 || res.Children[0].Platform != "linux/arm64" {
		t.Errorf("%+v, %v", res, err)
	}
	stateIs(t, b, registry.StateIncomplete)
}

// TestPublicHint names GitHub's page for a package on ghcr.io only.
func TestPublicHint(t *testing.T) {
	for repository, want := range map[string]string{
		"ghcr.io/vessux/a/b": "https://github.com/orgs/vessux/packages/container/a%2Fb/settings",
		"ghcr.io/vessux":     "make the repository public at ghcr.io",
		"quay.io/vessux/a":   "make the repository public at quay.io",
	} {
		if got := sandbox.PublicHint(repository); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", repository, got, want)
		}
	}
}

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

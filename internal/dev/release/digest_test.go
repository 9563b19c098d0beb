package release

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// signer is a verifier that writes down what it is asked.
type signer struct {
	asked []signature.Subject
	err   error // for the last platform
}

func (s *signer) Fingerprint() string { return "signer" }

func (s *signer) Verify(_ context.Context, subject signature.Subject) error {
	s.asked = append(s.asked, subject)
	if len(s.asked) == len(sandbox.Platforms()) {
		return s.err
	}
	return nil
}

// TestPublishedDigestIsVerified for every platform, where a policy is set.
func TestPublishedDigestIsVerified(t *testing.T) {
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: labtest.Registry(t).Host() + "/x/y"}
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	absent := &signer{}
	if digest, why, err := PublishedDigest(t.Context(), b, registry.Options{}, absent); digest != "" || why == "" || err != nil || len(absent.asked) > 0 {
		t.Errorf("nothing is published: %q, %q, %v, %v", digest, why, err, absent.asked)
	}
	want := labtest.Publish(t, ref, b.Identity()).Digest
	refused := errors.New("not signed")
	for _, refusal := range []error{nil, refused} {
		s := &signer{err: refusal}
		digest, _, err := PublishedDigest(t.Context(), b, registry.Options{}, s)
		if !errors.Is(err, refusal) || (digest == want) != (refusal == nil) {
			t.Errorf("%q, %v, want %v", digest, err, refusal)
		}
		var platforms []string
		for _, subject := range s.asked {
			platforms = append(platforms, subject.Platform)
			if subject.Ref != ref || subject.Digest != want || subject.Identity != b.Identity() {
				t.Errorf("asked of %+v", subject)
			}
		}
		if !slices.Equal(platforms, sandbox.Platforms()) {
			t.Errorf("asked for %q", platforms)
		}
	}
}

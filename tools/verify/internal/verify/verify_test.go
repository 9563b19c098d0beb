package verify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// stand is a published image, and who may sign it.
type stand struct {
	*labtest.Signer
	registry *lab.Registry
	ref      tag.Ref
	image    *lab.Published
}

var containerfile = []byte("FROM scratch\n")

func newStand(t *testing.T, c *labtest.Signer) *stand {
	t.Helper()
	s := &stand{Signer: c, registry: labtest.Registry(t)}
	var err error
	if s.ref, err = tag.New(s.registry.Host()+"/vessux/openlock-base", containerfile); err != nil {
		t.Fatal(err)
	}
	s.image = labtest.Publish(t, s.ref, tag.Identity(containerfile))
	return s
}

// at is the image by its digest, as cosign wants it.
func (s *stand) at(digest string) string { return s.ref.Repository + "@" + digest }

func (s *stand) verify(t *testing.T, p *signature.Policy) (*verify.Verdict, error) {
	t.Helper()
	return verify.Image(t.Context(), verify.Request{
		Ref: s.ref, Digest: s.image.Digest, Identity: tag.Identity(containerfile), Platforms: []string{"linux/amd64", "linux/arm64"},
	}, p, registry.Options{})
}

// copy puts a tag's manifest, with all that it names, under another tag.
func (s *stand) copy(t *testing.T, from, to string) {
	t.Helper()
	source, err := name.ParseReference(from)
	if err != nil {
		t.Fatal(err)
	}
	target, err := name.ParseReference(to)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(target, image); err != nil {
		t.Fatal(err)
	}
}

// signatureTag is where cosign 2 puts the signatures of a digest.
func signatureTag(repository, digest string) string {
	return repository + ":" + strings.Replace(digest, ":", "-", 1) + ".sig"
}

// tamper changes what a registry says to a question by digest.
func (s *stand) tamper(digest string) {
	s.registry.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !strings.HasSuffix(req.URL.Path, "/manifests/"+digest) {
				inner.ServeHTTP(w, req)
				return
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			w.Write([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`))
		})
	})
}

// TestByKey: cases of images signed, or not, with keys and signatures that the
// real cosign made, version 2 and 3.
func TestByKey(t *testing.T) {
	c := labtest.Cosign(t)
	ours, theirs := &signature.Policy{Key: c.Keys(t, "ours")}, &signature.Policy{Key: c.Keys(t, "theirs")}
	for _, row := range []struct {
		name   string
		set    func(t *testing.T, s *stand)
		policy *signature.Policy
		format verify.Format  // accepted so
		state  registry.State // refused with
		reason string
	}{
		{name: "classic by the right key", policy: ours, format: verify.Classic,
			set: func(t *testing.T, s *stand) { s.Classic(t, "ours", s.at(s.image.Digest)) }},
		{name: "bundle by the right key", policy: ours, format: verify.Bundle,
			set: func(t *testing.T, s *stand) { s.Bundle(t, "ours", s.at(s.image.Digest)) }},
		{name: "others have signed it too", policy: ours, format: verify.Classic,
			set: func(t *testing.T, s *stand) {
				s.Bundle(t, "theirs", s.at(s.image.Digest))
				s.Classic(t, "theirs", s.at(s.image.Digest))
				s.Attest(t, "ours", s.at(s.image.Digest))
				s.Classic(t, "ours", s.at(s.image.Digest))
			}},
		{name: "classic by another key", policy: ours, state: registry.StateInvalid, reason: "none of its 1 signatures is by the key sha256:",
			set: func(t *testing.T, s *stand) { s.Classic(t, "theirs", s.at(s.image.Digest)) }},
		{name: "bundle by another key", policy: ours, state: registry.StateInvalid, reason: "none of its 1 signatures is by the key sha256:",
			set: func(t *testing.T, s *stand) { s.Bundle(t, "theirs", s.at(s.image.Digest)) }},
		{name: "unsigned", policy: ours, state: registry.StateInvalid, reason: "it is not signed",
			set: func(*testing.T, *stand) {}},
		{name: "attested only", policy: ours, state: registry.StateInvalid, reason: `it is an attestation of type "https://cosign.sigstore.dev/attestation/v1", not a signature`,
			set: func(t *testing.T, s *stand) { s.Attest(t, "ours", s.at(s.image.Digest)) }},
		{name: "a child signed, and not the index", policy: ours, state: registry.StateInvalid, reason: "it is not signed",
			set: func(t *testing.T, s *stand) {
				s.Classic(t, "ours", s.at(s.image.Children["linux/amd64"]))
				s.Bundle(t, "ours", s.at(s.image.Children["linux/arm64"]))
			}},
		{name: "the signature of another repository's image", policy: ours, state: registry.StateInvalid, reason: "none of its 1 signatures is by",
			set: func(t *testing.T, s *stand) {
				other, err := tag.New(s.registry.Host()+"/another/image", containerfile)
				if err != nil {
					t.Fatal(err)
				}
				image, err := lab.PublishLabelled(t.Context(), other, map[string]string{"a": "b"}, "linux/amd64")
				if err != nil {
					t.Fatal(err)
				}
				s.Classic(t, "ours", other.Repository+"@"+image.Digest)
				s.copy(t, signatureTag(other.Repository, image.Digest), signatureTag(s.ref.Repository, s.image.Digest))
			}},
		{name: "tampered index", policy: ours, state: registry.StateInvalid, reason: "the bytes have digest",
			set: func(t *testing.T, s *stand) {
				s.Bundle(t, "ours", s.at(s.image.Digest))
				s.tamper(s.image.Digest)
			}},
		{name: "tampered child", policy: ours, state: registry.StateInvalid, reason: "child linux/arm64: the bytes have digest",
			set: func(t *testing.T, s *stand) {
				s.Bundle(t, "ours", s.at(s.image.Digest))
				s.tamper(s.image.Children["linux/arm64"])
			}},
		{name: "an older image, signed by the right key, under the tag", policy: ours, state: registry.StateInvalid, reason: "the image was built from another Containerfile",
			set: func(t *testing.T, s *stand) {
				s.image = labtest.Publish(t, s.ref, tag.Identity([]byte("FROM older\n")))
				s.Bundle(t, "ours", s.at(s.image.Digest))
			}},
		{name: "registry gone", policy: ours, state: registry.StateUnreachable, reason: "connection refused",
			set: func(t *testing.T, s *stand) {
				s.Bundle(t, "ours", s.at(s.image.Digest))
				s.registry.Close()
			}},
		{name: "the registry fails when signatures are asked for", policy: ours, state: registry.StateUnreachable, reason: "HTTP 503",
			set: func(t *testing.T, s *stand) {
				s.Classic(t, "ours", s.at(s.image.Digest))
				s.registry.Wrap(func(inner http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						if strings.Contains(req.URL.Path, "/manifests/sha256-") {
							w.WriteHeader(http.StatusServiceUnavailable)
							return
						}
						inner.ServeHTTP(w, req)
					})
				})
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStand(t, c)
			row.set(t, s)
			v, err := s.verify(t, row.policy)
			if row.format != "" {
				if err != nil || v.Format != row.format || v.Signer != row.policy.String() {
					t.Errorf("%+v, %v", v, err)
				}
				return
			}
			if e := new(registry.Error); !errors.As(err, &e) || e.State != row.state || !strings.Contains(e.Reason, row.reason) {
				t.Errorf("%+v, %v", v, err)
			}
			if another, err := s.verify(t, theirs); err == nil && !strings.Contains(row.name, "another key") {
				t.Errorf("it is accepted by a key that has signed nothing: %+v", another)
			}
		})
	}
}

package verify_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// TestReferrersAPI: a registry that lists referrers itself need not say what
// cosign said they are. This one gives the config's type.
func TestReferrersAPI(t *testing.T) {
	c := labtest.Cosign(t)
	ours := &signature.Policy{Key: c.Keys(t, "ours")}
	s := newStand(t, c)
	api := ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0)))
	s.registry.Wrap(func(http.Handler) http.Handler { return api })
	s.image = labtest.Publish(t, s.ref, tag.Identity(containerfile))
	s.Bundle(t, "ours", s.at(s.image.Digest))
	if v, err := s.verify(t, ours); err != nil || v.Format != verify.Bundle {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestBesideBroken: a classic signature that cannot be read does not hide the
// right one behind it, and is no outage.
func TestBesideBroken(t *testing.T) {
	c := labtest.Cosign(t)
	ours := &signature.Policy{Key: c.Keys(t, "ours")}
	for name, annotations := range map[string]map[string]string{
		"none":        nil,
		"log":         {"dev.cosignproject.cosign/signature": "MEQ=", "dev.sigstore.cosign/bundle": "{"},
		"certificate": {"dev.cosignproject.cosign/signature": "MEQ=", "dev.sigstore.cosign/certificate": "none"},
		"time stamp":  {"dev.cosignproject.cosign/signature": "MEQ=", "dev.sigstore.cosign/rfc3161timestamp": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, c)
			s.broken(t, annotations)
			v, err := s.verify(t, ours)
			if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, "none of its 1 signatures") {
				t.Errorf("alone: %+v, %v", v, err)
			}
			s.Classic(t, "ours", s.at(s.image.Digest))
			if v, err := s.verify(t, ours); err != nil || v.Format != verify.Classic {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// broken puts something under the image's tag for classic signatures.
func (s *stand) broken(t *testing.T, annotations map[string]string) {
	t.Helper()
	s.put(t, []byte(`{}`), annotations)
}

// put puts a payload with annotations there.
func (s *stand) put(t *testing.T, payload []byte, annotations map[string]string) {
	t.Helper()
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
		Layer: static.NewLayer(payload, "application/vnd.dev.cosign.simplesigning.v1+json"), Annotations: annotations,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(s.signatures(t), image); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) signatures(t *testing.T) name.Tag {
	t.Helper()
	at, err := name.NewTag(signatureTag(s.ref.Repository, s.image.Digest))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// classic reads the classic signature that is there, and what it signs.
func (s *stand) classic(t *testing.T) (annotations map[string]string, payload []byte) {
	t.Helper()
	image, err := remote.Image(s.signatures(t))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if payload, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return manifest.Layers[0].Annotations, payload
}

// TestManyReferrers: a registry that lists thousands of them, of no type and
// not there, is not asked for each.
func TestManyReferrers(t *testing.T) {
	s := newStand(t, nil)
	one := `{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"sha256:%064x"}`
	all := []string{strings.Replace(fmt.Sprintf(one, 0), ".manifest.", ".index.", 1)}
	for i := range 1000 {
		all = append(all, fmt.Sprintf(one, i+1))
	}
	s.registry.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !strings.Contains(req.URL.Path, "/referrers/") {
				inner.ServeHTTP(w, req)
				return
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}`, strings.Join(all, ","))
		})
	})
	s.registry.Forget()
	v, err := s.verify(t, &signature.Policy{Key: []byte(nobodys)})
	if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, "no more are looked at") {
		t.Errorf("%+v, %v", v, err)
	}
	if n := len(s.registry.Requests()); n > 200 {
		t.Errorf("%d questions", n)
	}
}

const nobodys = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhyQCx0E9wQWSFI9ULGwy3BuRklnt
IqozONbbdbqz11hlRJy9c7SG+hdcFl9jE9uE/dwtuwU2MqU9T/cN0YkWww==
-----END PUBLIC KEY-----
`

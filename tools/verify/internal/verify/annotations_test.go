package verify_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// Annotations of a classic signature.
const (
	sigKey    = "dev.cosignproject.cosign/signature"
	certKey   = "dev.sigstore.cosign/certificate"
	chainKey  = "dev.sigstore.cosign/chain"
	bundleKey = "dev.sigstore.cosign/bundle"
	stampKey  = "dev.sigstore.cosign/rfc3161timestamp"
)

// hostile are annotations that cosign 2 reads without a look whether what it
// wants is in them (cosign#4760, #4648, #4846), and what is near to them.
var hostile = map[string]map[string]string{
	"none":                       {sigKey: ""},
	"no signature":               {},
	"signature of spaces":        {sigKey: " "},
	"blank certificate":          {certKey: " "},
	"certificate of another PEM": {certKey: nobodys},
	"empty PEM":                  {certKey: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
	"blank chain":                {certKey: " ", chainKey: " "},
	"empty log entry":            {bundleKey: "{}"},
	"log entry is null":          {bundleKey: "null"},
	"log entry without a body":   {bundleKey: `{"Payload":{}}`},
	"body is a number":           {bundleKey: `{"Payload":{"body":1}}`},
	"body is no base64":          {bundleKey: `{"Payload":{"body":"?"}}`},
	"body is empty JSON":         {bundleKey: `{"Payload":{"body":"e30="}}`},
	"body is null":               {bundleKey: `{"Payload":{"body":"bnVsbA=="}}`},
	"body without a spec":        {bundleKey: `{"Payload":{"body":"eyJraW5kIjoiaGFzaGVkcmVrb3JkIiwiYXBpVmVyc2lvbiI6IjAuMC4xIn0="}}`},
	"empty time stamp":           {stampKey: "{}"},
	"time stamp is null":         {stampKey: "null"},
	"time stamp is nothing":      {stampKey: `{"SignedRFC3161Timestamp":""}`},
	"time stamp is no ASN.1":     {stampKey: `{"SignedRFC3161Timestamp":"AAAA"}`},
	"both empty":                 {bundleKey: "{}", stampKey: "{}", certKey: " "},
	"certificate without end":    {certKey: strings.Repeat("-----BEGIN CERTIFICATE-----\n", 1<<15)},
}

func of(annotations map[string]string) map[string]string {
	whole := maps.Clone(annotations)
	if _, set := whole[sigKey]; !set && len(whole) > 0 {
		whole[sigKey] = "MEQ="
	}
	return whole
}

// TestBesideHostile: whatever the annotations of a classic signature are, it is
// refused by itself, and does not hide the right one behind it.
func TestBesideHostile(t *testing.T) {
	services := newSigstore(t)
	keyless := &signature.Policy{CertificateIdentity: workflow, CertificateIssuer: issuer, TrustedRoot: services.trusted}
	right := signing{identity: workflow, issuer: issuer, made: minute, classic: true}
	for name, annotations := range hostile {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, nil)
			s.broken(t, of(annotations))
			v, err := s.verify(t, keyless)
			if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, "none of its 1 signatures") {
				t.Errorf("alone: %+v, %v", v, err)
			}
			right.sign(t, services, s)
			if v, err := s.verify(t, keyless); err != nil || v.Format != verify.Classic {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// TestKeyNeedsNoAnnotations: by a key, the payload and its signature decide,
// and nothing else that is beside them is read.
func TestKeyNeedsNoAnnotations(t *testing.T) {
	c := labtest.Cosign(t)
	ours := &signature.Policy{Key: c.Keys(t, "ours")}
	s := newStand(t, c)
	s.Classic(t, "ours", s.at(s.image.Digest))
	good, payload := s.classic(t)
	for name, annotations := range hostile {
		if _, set := annotations[sigKey]; set || len(annotations) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			whole := maps.Clone(annotations)
			whole[sigKey] = good[sigKey]
			s.put(t, payload, whole)
			if v, err := s.verify(t, ours); err != nil || v.Format != verify.Classic {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// TestOddManifest: a list of signatures that is none, or has no end, is no
// outage of the registry.
func TestOddManifest(t *testing.T) {
	policy := &signature.Policy{Key: []byte(nobodys)}
	layer := `{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}`
	whole := func(layers string) string {
		return `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":` + layers + `}`
	}
	for name, manifest := range map[string]string{
		"more than a thousand":       whole("[" + strings.Repeat(layer+",", 1000) + layer + "]"),
		"layer is null":              whole("[null]"),
		"layers are a number":        whole("1"),
		"layers are null":            whole("null"),
		"layer without a digest":     whole(`[{"size":2}]`),
		"layer with a false digest":  whole(`[{"size":2,"digest":"sha256:x"}]`),
		"layer of another algorithm": whole(`[{"size":2,"digest":"sha512:` + strings.Repeat("0", 128) + `"}]`),
		"layer of a negative size":   whole(`[{"size":-1,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]`),
		"annotations are a list":     whole(`[{"size":2,"annotations":[],"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]`),
		"no JSON":                    "<html>",
		"empty":                      "",
		"null":                       "null",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, nil)
			s.registry.Wrap(func(inner http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if !strings.HasSuffix(req.URL.Path, ".sig") {
						inner.ServeHTTP(w, req)
						return
					}
					w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
					io.WriteString(w, manifest)
				})
			})
			v, err := s.verify(t, policy)
			if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// TestOddReferrers: the same of the list of bundles, and of one that is listed.
func TestOddReferrers(t *testing.T) {
	policy := &signature.Policy{Key: []byte(nobodys)}
	entry := func(digest string) string {
		return `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":4,"digest":"` + digest + `"}]}`
	}
	const digest = "sha256:74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b" // of null
	for name, answers := range map[string][2]string{
		"false digest":         {entry("sha256:x"), ""},
		"no JSON":              {"<html>", ""},
		"null":                 {"null", ""},
		"manifests are a text": {`{"schemaVersion":2,"manifests":"x"}`, ""},
		"referrer is null":     {entry(digest), "null"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, nil)
			s.registry.Wrap(func(inner http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					switch {
					case strings.Contains(req.URL.Path, "/referrers/"):
						w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
						io.WriteString(w, answers[0])
					case strings.HasSuffix(req.URL.Path, digest):
						w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
						io.WriteString(w, answers[1])
					default:
						inner.ServeHTTP(w, req)
					}
				})
			})
			v, err := s.verify(t, policy)
			if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

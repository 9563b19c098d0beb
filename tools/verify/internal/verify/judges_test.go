package verify_test

import (
	"encoding/base64"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// memory is a registry without a network.
type memory struct{ http.Handler }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	rec, served := httptest.NewRecorder(), req.Clone(req.Context())
	if served.Body == nil { // as a server has it
		served.Body = http.NoBody
	}
	m.ServeHTTP(rec, served)
	answer := rec.Result()
	answer.Request = req
	return answer, nil
}

// first judges a classic signature as the program does.
func first(t *testing.T, p *signature.Policy, digest string, payload []byte, annotations map[string]string) (*verify.Verdict, error) {
	t.Helper()
	at, err := name.NewTag("registry.example/image:signatures")
	if err != nil {
		t.Fatal(err)
	}
	in := remote.WithTransport(memory{ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))})
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
		Layer: static.NewLayer(payload, "application/vnd.dev.cosign.simplesigning.v1+json"), Annotations: annotations,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(at, image, in); err != nil {
		t.Fatal(err)
	}
	sigs, err := ociremote.Signatures(at, ociremote.WithRemoteOptions(in))
	if err != nil {
		t.Fatal(err)
	}
	list, err := sigs.Get()
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	return verify.JudgeClassic(t.Context(), p, digest, list[0])
}

// agree reports what both judges say, and fails where they differ.
func agree(t *testing.T, p *signature.Policy, digest string, payload []byte, annotations map[string]string) (accepted bool) {
	t.Helper()
	v, err := first(t, p, digest, payload, annotations)
	if other := second(p, digest, payload, annotations); (err == nil) != (other == nil) {
		t.Errorf("cosign: %+v, %v; sigstore-go: %v; annotations %q, payload %q", v, err, other, annotations, payload)
	}
	return err == nil
}

// TestTwoJudges: sigstore-go says the same of every signature as cosign does,
// of good ones and of bad ones.
func TestTwoJudges(t *testing.T) {
	services, others := newSigstore(t), newSigstore(t)
	keyless := &signature.Policy{CertificateIdentity: workflow, CertificateIssuer: issuer, TrustedRoot: services.trusted}
	right := signing{identity: workflow, issuer: issuer, made: minute, classic: true}
	with := func(change func(*signing)) signing { g := right; change(&g); return g }
	for name, row := range map[string]struct {
		signing signing
		by      *sigstore
		good    bool
	}{
		"right":            {right, services, true},
		"another identity": {with(func(g *signing) { g.identity += "x" }), services, false},
		"another issuer":   {with(func(g *signing) { g.issuer += "x" }), services, false},
		"expired":          {with(func(g *signing) { g.made = 11 * minute }), services, false},
		"not logged":       {with(func(g *signing) { g.unlogged = true }), services, false},
		"others' services": {right, others, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, nil)
			row.signing.sign(t, row.by, s)
			annotations, payload := s.classic(t)
			judged(t, keyless, s.image.Digest, payload, annotations, row.good)
		})
	}
	c := labtest.Cosign(t)
	s := newStand(t, c)
	ours, theirs := &signature.Policy{Key: c.Keys(t, "ours")}, &signature.Policy{Key: c.Keys(t, "theirs")}
	s.Classic(t, "ours", s.at(s.image.Digest))
	annotations, payload := s.classic(t)
	judged(t, ours, s.image.Digest, payload, annotations, true)
	judged(t, theirs, s.image.Digest, payload, annotations, false)
}

// judged has both judge a signature, then the same with each part spoiled.
func judged(t *testing.T, p *signature.Policy, digest string, payload []byte, annotations map[string]string, good bool) {
	t.Helper()
	if agree(t, p, digest, payload, annotations) != good {
		t.Errorf("accepted: %v", !good)
	}
	flipped := func(b []byte, i int) []byte { b = slices.Clone(b); b[i] ^= 1; return b }
	sig, err := base64.StdEncoding.DecodeString(annotations[sigKey])
	if err != nil {
		t.Fatal(err)
	}
	spoiled := maps.Clone(annotations)
	spoiled[sigKey] = base64.StdEncoding.EncodeToString(flipped(sig, len(sig)-1))
	bad := agree(t, p, digest, payload, spoiled)
	bad = agree(t, p, digest, flipped(payload, len(payload)/2), annotations) || bad
	bad = agree(t, p, strings.Replace(digest, ":", ":0", 1)[:len(digest)], payload, annotations) || bad
	for name, h := range hostile {
		if h[stampKey] != "" { // the second judge is given no time stamps
			continue
		}
		whole := maps.Clone(annotations)
		maps.Copy(whole, h)
		if agree(t, p, digest, payload, whole) && len(p.Key) == 0 && len(h) > 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	if bad {
		t.Error("a spoiled signature is accepted")
	}
}

// FuzzAnnotations: whatever annotations a classic signature has, nothing
// panics, and what is accepted is signed by whom the policy names, by the word
// of two judges.
func FuzzAnnotations(f *testing.F) {
	log.SetOutput(io.Discard) // as the program does
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	var annotations map[string]string
	var payload []byte
	var digest string
	policy := &signature.Policy{CertificateIdentity: workflow, CertificateIssuer: issuer}
	made := func(t *testing.T) { // a stand is a test's
		services := newSigstore(t)
		policy.TrustedRoot = services.trusted
		s := newStand(t, nil)
		signing{identity: workflow, issuer: issuer, made: minute, classic: true}.sign(t, services, s)
		annotations, payload = s.classic(t)
		digest = s.image.Digest
	}
	for _, h := range hostile {
		f.Add(h[certKey], h[chainKey], h[bundleKey], h[stampKey], true)
		f.Add(h[certKey], h[chainKey], h[bundleKey], h[stampKey], false)
	}
	f.Fuzz(func(t *testing.T, cert, chain, entry, stamp string, keep bool) {
		if annotations == nil {
			made(t)
		}
		whole := map[string]string{sigKey: annotations[sigKey]}
		if keep { // what is not set is right
			whole = maps.Clone(annotations)
		}
		for k, text := range map[string]string{certKey: cert, chainKey: chain, bundleKey: entry, stampKey: stamp} {
			if text != "" {
				whole[k] = text
			}
		}
		v, err := first(t, policy, digest, payload, whole)
		if err == nil && (v.Signer != workflow+" by "+issuer || second(policy, digest, payload, whole) != nil) {
			t.Errorf("%q is accepted: %+v", whole, v)
		}
	})
}

package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/mutate"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	rekorv1 "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	sgsignature "github.com/sigstore/sigstore/pkg/signature"
	sigdsse "github.com/sigstore/sigstore/pkg/signature/dsse"
	"github.com/sigstore/sigstore/pkg/signature/payload"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

const (
	signType   = "https://sigstore.dev/cosign/sign/v1"
	workflow   = "https://github.com/vessux/openlock/.github/workflows/base-image.yml@refs/tags/v1.0.0"
	issuer     = "https://token.actions.githubusercontent.com"
	minute     = time.Minute
	inclusion  = true
	payloadDSS = "application/vnd.in-toto+json"
)

// signing is one keyless signature that is to be made.
type signing struct {
	identity, issuer string
	predicate        string        // of a bundle
	made             time.Duration // after its certificate begins
	classic          bool
	unlogged         bool
}

func digestOf(t *testing.T, s *stand) name.Digest {
	t.Helper()
	d, err := name.NewDigest(s.at(s.image.Digest))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (g signing) sign(t *testing.T, services *sigstore, s *stand) {
	t.Helper()
	from := time.Now().Add(-time.Hour)
	cert, key := services.certificate(t, g.identity, g.issuer, from)
	if g.classic {
		g.signClassic(t, services, s, cert, key, from.Add(g.made))
	} else {
		g.signBundle(t, services, s, cert, key, from.Add(g.made))
	}
}

// signBundle puts a bundle beside the image, as cosign 3 does.
func (g signing) signBundle(t *testing.T, services *sigstore, s *stand, cert *x509.Certificate, key *ecdsa.PrivateKey, at time.Time) {
	t.Helper()
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":%q}}],"predicateType":%q,"predicate":{}}`,
		strings.TrimPrefix(s.image.Digest, "sha256:"), g.predicate)
	signer, err := sgsignature.LoadECDSASigner(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	enveloper, err := dsse.NewEnvelopeSigner(&sigdsse.SignerAdapter{SignatureSigner: signer, Pub: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := enveloper.SignPayload(t.Context(), payloadDSS, []byte(statement))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(envelope.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	material := map[string]any{"certificate": map[string]any{"rawBytes": cert.Raw}}
	if !g.unlogged {
		entry, err := services.GenerateTlogEntry(cert, envelope, sig, at.Unix(), inclusion)
		if err != nil {
			t.Fatal(err)
		}
		whole := entry.TransparencyLogEntry()
		whole.KindVersion = &rekorv1.KindVersion{Kind: "dsse", Version: "0.0.1"}
		set, err := services.RekorSignPayload(tlog.RekorPayload{
			Body: base64.StdEncoding.EncodeToString(whole.CanonicalizedBody), IntegratedTime: at.Unix(), LogID: hex.EncodeToString(whole.LogId.KeyId),
		})
		if err != nil {
			t.Fatal(err)
		}
		whole.InclusionPromise = &rekorv1.InclusionPromise{SignedEntryTimestamp: set}
		logged, err := protojson.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		material["tlogEntries"] = []any{json.RawMessage(logged)}
	}
	bundle, err := json.Marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material,
		"dsseEnvelope": map[string]any{"payload": envelope.Payload, "payloadType": envelope.PayloadType, "signatures": []any{map[string]any{"sig": sig}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ociremote.WriteAttestationNewBundleFormat(digestOf(t, s), bundle, g.predicate); err != nil {
		t.Fatal(err)
	}
}

// signClassic puts a signature under the image's tag for them, as cosign 2 does.
func (g signing) signClassic(t *testing.T, services *sigstore, s *stand, cert *x509.Certificate, key *ecdsa.PrivateKey, at time.Time) {
	t.Helper()
	digest := digestOf(t, s)
	text, err := payload.Cosign{Image: digest}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	raw, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	certPEM, err := cryptoutils.MarshalCertificateToPEM(cert)
	if err != nil {
		t.Fatal(err)
	}
	chainPEM, err := cryptoutils.MarshalCertificateToPEM(services.authority)
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString
	options := []static.Option{static.WithCertChain(certPEM, chainPEM)}
	if !g.unlogged {
		body := encoded(fmt.Appendf(nil, `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":%q}},"signature":{"content":%q,"publicKey":{"content":%q}}}}`,
			hex.EncodeToString(sum[:]), encoded(raw), encoded(certPEM)))
		id, err := services.RekorLogID()
		if err != nil {
			t.Fatal(err)
		}
		entry := tlog.RekorPayload{Body: body, IntegratedTime: at.Unix(), LogID: id}
		set, err := services.RekorSignPayload(entry)
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, static.WithBundle(&cbundle.RekorBundle{
			SignedEntryTimestamp: set,
			Payload:              cbundle.RekorPayload{Body: body, IntegratedTime: entry.IntegratedTime, LogID: id},
		}))
	}
	sig, err := static.NewSignature(text, encoded(raw), options...)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := mutate.AttachSignatureToUnknown(ociremote.SignedUnknown(digest), sig)
	if err != nil {
		t.Fatal(err)
	}
	if err := ociremote.WriteSignatures(digest.Repository, signed); err != nil {
		t.Fatal(err)
	}
}

// TestKeyless: what counts is who signed, by whose word, and that a log has
// seen it while the certificate was good.
func TestKeyless(t *testing.T) {
	services, others := newSigstore(t), newSigstore(t)
	exact := signature.Policy{CertificateIdentity: workflow, CertificateIssuer: issuer}
	bundle := signing{identity: workflow, issuer: issuer, predicate: signType, made: minute}
	classic := bundle
	classic.classic = true
	with := func(g signing, change func(*signing)) signing { change(&g); return g }
	for _, row := range []struct {
		name    string
		signing signing
		by      *sigstore
		policy  signature.Policy
		refused string // what the reason holds; empty: accepted
	}{
		{name: "bundle", signing: bundle, policy: exact},
		{name: "classic", signing: classic, policy: exact},
		{name: "regexps", signing: bundle, policy: signature.Policy{CertificateIdentityRegexp: `https://github\.com/vessux/openlock/\.github/workflows/.*`, CertificateIssuerRegexp: `https://token\..*`}},
		{name: "classic, regexps", signing: classic, policy: signature.Policy{CertificateIdentityRegexp: `https://github\.com/vessux/openlock/\.github/workflows/.*`, CertificateIssuerRegexp: `https://token\..*`}},

		{name: "another identity", signing: with(bundle, func(g *signing) { g.identity = workflow + "x" }), policy: exact, refused: "expected SAN"},
		{name: "classic, another identity", signing: with(classic, func(g *signing) { g.identity = workflow + "x" }), policy: exact, refused: "identities"},
		{name: "another issuer", signing: with(bundle, func(g *signing) { g.issuer = "https://accounts.example" }), policy: exact, refused: "expected issuer"},
		{name: "classic, another issuer", signing: with(classic, func(g *signing) { g.issuer = "https://accounts.example" }), policy: exact, refused: "identities"},
		{name: "a regexp for a part of it", signing: bundle, policy: signature.Policy{CertificateIdentityRegexp: `github\.com/vessux`, CertificateIssuer: issuer}, refused: "expected SAN"},
		{name: "classic, a regexp for a part of it", signing: classic, policy: signature.Policy{CertificateIdentityRegexp: `github\.com/vessux`, CertificateIssuer: issuer}, refused: "identities"},
		{name: "expired when it signed", signing: with(bundle, func(g *signing) { g.made = 11 * minute }), policy: exact, refused: "certificate"},
		{name: "classic, expired when it signed", signing: with(classic, func(g *signing) { g.made = 11 * minute }), policy: exact, refused: "expired"},
		{name: "not logged", signing: with(bundle, func(g *signing) { g.unlogged = true }), policy: exact, refused: "log"},
		{name: "classic, not logged", signing: with(classic, func(g *signing) { g.unlogged = true }), policy: exact, refused: "offline verification failed"},
		{name: "certified by nobody we know", signing: bundle, by: others, policy: exact, refused: "none of its 1 signatures"},
		{name: "classic, certified by nobody we know", signing: classic, by: others, policy: exact, refused: "none of its 1 signatures"},
		{name: "attested only", signing: with(bundle, func(g *signing) { g.predicate = "https://slsa.dev/provenance/v1" }), policy: exact, refused: "it is an attestation of type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStand(t, nil)
			by := services
			if row.by != nil {
				by = row.by
			}
			row.signing.sign(t, by, s)
			row.policy.TrustedRoot = services.trusted
			v, err := s.verify(t, &row.policy)
			if row.refused == "" {
				want := verify.Verdict{Format: verify.Bundle, Signer: workflow + " by " + issuer}
				if row.signing.classic {
					want.Format = verify.Classic
				}
				if err != nil || *v != want {
					t.Errorf("%+v, %v", v, err)
				}
				return
			}
			if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, row.refused) {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

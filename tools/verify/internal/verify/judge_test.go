package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/vessux/openlock/sandbox/signature"
)

// TestSaidByTheRightKey: not all that the right key has signed is a signature
// of the image.
func TestSaidByTheRightKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := cryptoutils.MarshalPublicKeyToPEM(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJudge(t.Context(), &signature.Policy{Key: public})
	if err != nil {
		t.Fatal(err)
	}
	image, err := v1.NewHash(signedDigest)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(text []byte) []byte {
		sum := sha256.Sum256(text)
		sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	classic := func(digest, kind string) error {
		text := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},"type":%q},"optional":null}`, digest, kind)
		sig, err := static.NewSignature(text, base64.StdEncoding.EncodeToString(sign(text)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = j.classic(t.Context(), image, sig)
		return err
	}
	bundle := func(subject, predicate, kind string) error {
		text := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[%s],"predicateType":%q,"predicate":{}}`, subject, predicate)
		whole, err := json.Marshal(map[string]any{
			"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
			"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": ""}},
			"dsseEnvelope":         map[string]any{"payload": text, "payloadType": kind, "signatures": []any{map[string]any{"sig": sign(dsse.PAE(kind, text))}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		b, err := parseBundle(whole)
		if err == nil {
			_, err = j.bundle(t.Context(), image, b)
		}
		return err
	}
	const (
		kind      = "cosign container image signature"
		statement = "application/vnd.in-toto+json"
	)
	another := "sha256:" + strings.Repeat("0", 64)
	subject := fmt.Sprintf(`{"digest":{"sha256":%q}}`, image.Hex)
	for _, row := range []struct {
		name, refused string
		err           error
	}{
		{"classic", "", classic(signedDigest, kind)},
		{"classic of another image", "invalid or missing digest", classic(another, kind)},
		{"classic of another type", `it is of type "atomic container signature", not a signature`, classic(signedDigest, "atomic container signature")},
		{"classic of no type", `it is of type ""`, classic(signedDigest, "")},
		{"bundle", "", bundle(subject, signType, statement)},
		{"bundle without a subject", "does not match", bundle("", signType, statement)},
		{"bundle with a subject without a digest", "does not match", bundle("{}", signType, statement)},
		{"bundle of another algorithm", "does not match", bundle(strings.Replace(subject, "sha256", "sha512", 1), signType, statement)},
		{"predicate type in upper case", "it is an attestation of type", bundle(subject, strings.ToUpper(signType), statement)},
		{"predicate type with a space", "it is an attestation of type", bundle(subject, signType+" ", statement)},
		{"payload of another type", "unsupported media type", bundle(subject, signType, "text/plain")},
	} {
		if row.refused == "" && row.err != nil || row.refused != "" && (row.err == nil || !strings.Contains(row.err.Error(), row.refused)) {
			t.Errorf("%s: %v, want %q", row.name, row.err, row.refused)
		}
	}
}

package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// TestKindsOfKeys: a key that was imported into cosign may be of another kind
// than those that it makes itself, and each kind has its own hash function.
func TestKindsOfKeys(t *testing.T) {
	c := labtest.Cosign(t)
	for name, make := range map[string]func() (crypto.Signer, error){
		"RSA":     func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		"P-384":   func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
		"Ed25519": func() (crypto.Signer, error) { _, key, err := ed25519.GenerateKey(rand.Reader); return key, err },
	} {
		t.Run(name, func(t *testing.T) {
			key, err := make()
			if err != nil {
				t.Fatal(err)
			}
			private, err := x509.MarshalPKCS8PrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			public, err := cryptoutils.MarshalPublicKeyToPEM(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			c.Import(t, name, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
			s := newStand(t, c)
			for _, way := range []struct {
				format verify.Format
				sign   func(t testing.TB, key, image string)
			}{{verify.Classic, s.Classic}, {verify.Bundle, s.Bundle}} {
				way.sign(t, name, s.at(s.image.Digest))
				v, err := s.verify(t, &signature.Policy{Key: public})
				if err != nil || v.Format != way.format {
					t.Errorf("%s: %+v, %v", way.format, v, err)
				}
			}
		})
	}
}

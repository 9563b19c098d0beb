package verify

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/vessux/openlock/sandbox/signature"
)

// nobodys is a key that has signed nothing.
const nobodys = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhyQCx0E9wQWSFI9ULGwy3BuRklnt
IqozONbbdbqz11hlRJy9c7SG+hdcFl9jE9uE/dwtuwU2MqU9T/cN0YkWww==
-----END PUBLIC KEY-----
`

// signedDigest is what cosign 3 has made signedBundle for.
const (
	signedDigest = "sha256:d4ef413ee1e32e888df932ae986c165f0429cdd98bb764a8c5c585489f92041f"
	signedBundle = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial":{"publicKey":{"hint":"5c+i9kGq7Rx2ufZXJUlIV/3x53DbPzC2tNWDe5BLTL4="}}, "dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCAic3ViamVjdCI6W3siZGlnZXN0Ijp7InNoYTI1NiI6ImQ0ZWY0MTNlZTFlMzJlODg4ZGY5MzJhZTk4NmMxNjVmMDQyOWNkZDk4YmI3NjRhOGM1YzU4NTQ4OWY5MjA0MWYifSwgImFubm90YXRpb25zIjp7fX1dLCAicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwgInByZWRpY2F0ZSI6e319", "payloadType":"application/vnd.in-toto+json", "signatures":[{"sig":"MEQCIAvCLDvCNaRc66/zQv9VmqQ3gy3ZZvQ0MpV/JycIFQlVAiBTKEvO+nJfwzBgbf1W5xMY6vdsKrWo7lL/2xHLVDTjDA=="}]}}`
)

func nobody(f *testing.F) (*judge, v1.Hash) {
	f.Helper()
	j, err := newJudge(f.Context(), &signature.Policy{Key: []byte(nobodys)})
	if err != nil {
		f.Fatal(err)
	}
	h, err := v1.NewHash(signedDigest)
	if err != nil {
		f.Fatal(err)
	}
	return j, h
}

// FuzzBundle: whatever a registry gives for a bundle, nobody has signed it.
func FuzzBundle(f *testing.F) {
	j, image := nobody(f)
	f.Add([]byte(signedBundle))
	f.Add([]byte(strings.Replace(signedBundle, "dsseEnvelope", "messageSignature", 1)))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBundle(text)
		if err != nil {
			return
		}
		if v, err := j.bundle(t.Context(), image, b); err == nil {
			t.Errorf("%q is taken: %+v", text, v)
		}
	})
}

// FuzzClassic: the same of a classic signature.
func FuzzClassic(f *testing.F) {
	j, image := nobody(f)
	f.Add([]byte(`{"critical":{"identity":{"docker-reference":"x"},"image":{"docker-manifest-digest":"`+signedDigest+`"},"type":"cosign container image signature"},"optional":null}`), "MEQCIE7g8c0c")
	f.Fuzz(func(t *testing.T, payload []byte, text string) {
		sig, err := static.NewSignature(payload, text)
		if err != nil {
			return
		}
		if v, err := j.classic(t.Context(), image, sig); err == nil {
			t.Errorf("%q, %q is taken: %+v", payload, text, v)
		}
	})
}

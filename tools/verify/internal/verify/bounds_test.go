package verify

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/vessux/openlock/sandbox/signature"
)

// TestBoundedParts: what a signature brings along for parsers that call
// themselves is refused where it is larger than any real one.
func TestBoundedParts(t *testing.T) {
	image, err := v1.NewHash(signedDigest)
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJudge(t.Context(), &signature.Policy{Key: []byte(nobodys)})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]bool{maxStamp: false, maxStamp + 1: true} {
		stamp := base64.StdEncoding.EncodeToString(make([]byte, size))
		text := strings.Replace(signedBundle, `"verificationMaterial":{`, fmt.Sprintf(`"verificationMaterial":{"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":%q}]},`, stamp), 1)
		b, err := parseBundle([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.bundle(t.Context(), image, b); err == nil || strings.Contains(err.Error(), "larger than 16 KiB") != want {
			t.Errorf("time stamp of %d bytes: %v", size, err)
		}
	}
	j = &judge{policy: &signature.Policy{}} // keyless: annotations are read
	for _, size := range []int{maxAnnotation, maxAnnotation + 1} {
		sig, err := static.NewSignature([]byte("{}"), "MEQ=", static.WithAnnotations(map[string]string{"dev.sigstore.cosign/chain": strings.Repeat("x", size)}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.strip(sig); (err != nil) != (size > maxAnnotation) {
			t.Errorf("annotation of %d bytes: %v", size, err)
		}
	}
}

package cosign

import (
	"strings"
	"testing"
)

// TestCheckSigner: what is no name of a key may be the key itself.
func TestCheckSigner(t *testing.T) {
	for _, by := range []string{"", "--key", "-----BEGIN PRIVATE KEY-----\nSECRET\n", "SECRET SECRET"} {
		if err := CheckSigner(by); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", by, err)
		}
	}
	for _, by := range []string{Keyless, "cosign.key", "env://COSIGN_PRIVATE_KEY"} {
		if err := CheckSigner(by); err != nil {
			t.Error(err)
		}
	}
}

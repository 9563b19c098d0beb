package signature

import (
	"reflect"
	"testing"
)

// TestFingerprintHoldsEveryField: two policies that differ in one field only
// have different fingerprints, the issuer included.
func TestFingerprintHoldsEveryField(t *testing.T) {
	base := Policy{
		Key: []byte("key"), CertificateIdentity: "identity", CertificateIdentityRegexp: "identities",
		CertificateIssuer: "issuer", CertificateIssuerRegexp: "issuers", TrustedRoot: []byte("{}"),
	}
	fields := reflect.TypeFor[Policy]()
	for i := range fields.NumField() {
		changed := base
		switch f := reflect.ValueOf(&changed).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("another")
		case reflect.Slice:
			f.SetBytes([]byte("another"))
		default:
			t.Fatalf("field %s is a %s", fields.Field(i).Name, f.Kind())
		}
		if changed.Fingerprint() == base.Fingerprint() {
			t.Errorf("the fingerprint does not hold %s", fields.Field(i).Name)
		}
	}
}

package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"maps"
	"math/big"
	"net/url"
	"testing"
	"time"

	ct "github.com/google/certificate-transparency-go"
	cttls "github.com/google/certificate-transparency-go/tls"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// sigstore stands in for Sigstore's services, which are on the internet: an
// authority that certifies identities for ten minutes, a log of certificates,
// and sigstore-go's own stand-in for the log of signatures. What they sign is
// as the real ones'.
type sigstore struct {
	*ca.VirtualSigstore
	authority *x509.Certificate
	key       *ecdsa.PrivateKey // the authority's
	logKey    *ecdsa.PrivateKey // of the log of certificates
	trusted   []byte            // trusted_root.json
}

func newSigstore(t *testing.T) *sigstore {
	t.Helper()
	s := &sigstore{key: newKey(t), logKey: newKey(t)}
	var err error
	if s.VirtualSigstore, err = ca.NewVirtualSigstore(); err != nil {
		t.Fatal(err)
	}
	start, end := time.Now().Add(-24*time.Hour), time.Now().Add(24*time.Hour)
	s.authority = certify(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: start, NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, s.key.Public(), s.key)
	log := map[string]*root.TransparencyLog{hex.EncodeToString(s.logID(t)): {
		BaseURL: "https://ctlog.localhost", ID: s.logID(t), ValidityPeriodStart: start, ValidityPeriodEnd: end,
		HashFunc: crypto.SHA256, PublicKey: s.logKey.Public(), SignatureHashFunc: crypto.SHA256,
	}}
	rekor := s.RekorLogs()
	for id, l := range maps.All(rekor) {
		l.ValidityPeriodStart, l.ValidityPeriodEnd = start, end
		if l.ID, err = hex.DecodeString(id); err != nil {
			t.Fatal(err)
		}
	}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{&root.FulcioCertificateAuthority{
		Root: s.authority, ValidityPeriodStart: start, ValidityPeriodEnd: end, URI: "https://fulcio.localhost",
	}}, log, nil, rekor)
	if err != nil {
		t.Fatal(err)
	}
	if s.trusted, err = trusted.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	return s
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certify(t *testing.T, c, parent *x509.Certificate, public crypto.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// logID is the hash of the log's key (RFC 6962, section 3.2).
func (s *sigstore) logID(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.logKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(der)
	return id[:]
}

// The object identifiers of Fulcio's and of certificate transparency's
// extensions.
var (
	oidIssuer    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
	oidIssuerOld = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
	oidSCTs      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// certificate is one for an identity, a URL, that an issuer vouched for: good
// for ten minutes, and logged.
func (s *sigstore) certificate(t *testing.T, identity, issuer string, from time.Time) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	who, err := url.Parse(identity)
	if err != nil {
		t.Fatal(err)
	}
	by, err := asn1.Marshal(issuer)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: from.Add(10 * time.Minute), URIs: []*url.URL{who},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{{Id: oidIssuerOld, Value: []byte(issuer)}, {Id: oidIssuer, Value: by}},
	}
	// What the log signs is the certificate without the log's word in it.
	bare := certify(t, template, s.authority, key.Public(), s.key)
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidSCTs, Value: s.logged(t, bare)})
	return certify(t, template, s.authority, key.Public(), s.key), key
}

// logged is the log's promise to hold a certificate, as an extension's value
// (RFC 6962, section 3.3).
func (s *sigstore) logged(t *testing.T, bare *x509.Certificate) []byte {
	t.Helper()
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: [32]byte(s.logID(t))}, Timestamp: uint64(time.Now().UnixMilli())}
	entry := ct.LogEntry{Leaf: ct.MerkleTreeLeaf{Version: ct.V1, LeafType: ct.TimestampedEntryLeafType, TimestampedEntry: &ct.TimestampedEntry{
		Timestamp: sct.Timestamp, EntryType: ct.PrecertLogEntryType,
		PrecertEntry: &ct.PreCert{IssuerKeyHash: sha256.Sum256(s.authority.RawSubjectPublicKeyInfo), TBSCertificate: bare.RawTBSCertificate},
	}}}
	input, err := ct.SerializeSCTSignatureInput(sct, entry)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := cttls.CreateSignature(*s.logKey, cttls.SHA256, input)
	if err != nil {
		t.Fatal(err)
	}
	sct.Signature = ct.DigitallySigned(signed)
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := cttls.Marshal(*list)
	if err != nil {
		t.Fatal(err)
	}
	value, err := asn1.Marshal(packed)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

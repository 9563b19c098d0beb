package verify_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	sgbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	sgsignature "github.com/sigstore/sigstore/pkg/signature"

	"github.com/vessux/openlock/sandbox/signature"
)

// second judges a classic signature by sigstore-go, which shares no code with
// what cosign 2 does with one: the parts become a bundle of its own.
func second(p *signature.Policy, digest string, payload []byte, annotations map[string]string) error {
	var said struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(payload, &said); err != nil || said.Critical.Image.Digest != digest || said.Critical.Type != "cosign container image signature" {
		return fmt.Errorf("it signs something else: %v", err)
	}
	sum := sha256.Sum256(payload)
	material, err := material(p, annotations)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1", "verificationMaterial": material,
		"messageSignature": map[string]any{"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": sum[:]}, "signature": annotations[sigKey]},
	})
	if err != nil {
		return err
	}
	b := new(sgbundle.Bundle)
	if err := b.UnmarshalJSON(text); err != nil {
		return err
	}
	verifier, policy, err := sigstoreGo(p)
	if err != nil {
		return err
	}
	_, err = verifier.Verify(b, sgverify.NewPolicy(sgverify.WithArtifact(bytes.NewReader(payload)), policy))
	return err
}

// material is what a bundle has beside the signature.
func material(p *signature.Policy, annotations map[string]string) (map[string]any, error) {
	if len(p.Key) > 0 {
		return map[string]any{"publicKey": map[string]any{"hint": ""}}, nil
	}
	certs, err := cryptoutils.UnmarshalCertificatesFromPEM([]byte(annotations[certKey]))
	if err != nil || len(certs) == 0 {
		return nil, fmt.Errorf("no certificate: %w", err)
	}
	m := map[string]any{"x509CertificateChain": map[string]any{"certificates": []any{map[string]any{"rawBytes": certs[0].Raw}}}}
	var entry cbundle.RekorBundle
	if annotations[bundleKey] == "" {
		return m, nil
	}
	if err := json.Unmarshal([]byte(annotations[bundleKey]), &entry); err != nil {
		return nil, err
	}
	body, isText := entry.Payload.Body.(string)
	if !isText {
		return nil, errors.New("the entry has no body")
	}
	id, err := hex.DecodeString(entry.Payload.LogID)
	if err != nil {
		return nil, err
	}
	if _, err := base64.StdEncoding.DecodeString(body); err != nil {
		return nil, err
	}
	m["tlogEntries"] = []any{map[string]any{
		"logIndex": fmt.Sprint(entry.Payload.LogIndex), "logId": map[string]any{"keyId": id}, "kindVersion": map[string]any{"kind": "hashedrekord", "version": "0.0.1"},
		"integratedTime": fmt.Sprint(entry.Payload.IntegratedTime), "inclusionPromise": map[string]any{"signedEntryTimestamp": entry.SignedEntryTimestamp}, "canonicalizedBody": body,
	}}
	return m, nil
}

// sigstoreGo is the second judge, and what it has to find.
func sigstoreGo(p *signature.Policy) (*sgverify.Verifier, sgverify.PolicyOption, error) {
	if len(p.Key) > 0 {
		public, err := cryptoutils.UnmarshalPEMToPublicKey(p.Key)
		if err != nil {
			return nil, nil, err
		}
		key, err := sgsignature.LoadVerifier(public, crypto.SHA256)
		if err != nil {
			return nil, nil, err
		}
		always := root.NewExpiringKey(key, time.Time{}, time.Time{})
		trusted := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return always, nil })
		v, err := sgverify.NewVerifier(trusted, sgverify.WithNoObserverTimestamps())
		return v, sgverify.WithKey(), err
	}
	trusted, err := root.NewTrustedRootFromJSON(p.TrustedRoot)
	if err != nil {
		return nil, nil, err
	}
	v, err := sgverify.NewVerifier(trusted, sgverify.WithSignedCertificateTimestamps(1), sgverify.WithTransparencyLog(1), sgverify.WithObserverTimestamps(1))
	if err != nil {
		return nil, nil, err
	}
	identity, err := sgverify.NewShortCertificateIdentity(p.CertificateIssuer, p.CertificateIssuerRegexp, p.CertificateIdentity, p.CertificateIdentityRegexp)
	return v, sgverify.WithCertificateIdentity(identity), err
}

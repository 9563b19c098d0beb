package verify

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	sgbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	sgsignature "github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/signature"
)

// signType is the predicate type of a bundle that signs an image (cosign's
// "Bundle Specification"). Every other is an attestation: somebody's word about
// an image, good or bad, and not a signature of it.
const signType = "https://sigstore.dev/cosign/sign/v1"

// Sizes of what a signature brings along, in bytes. Parsers of certificates and
// time stamps call themselves for whatever is nested, and real ones are smaller
// by far: a chain of certificates has 4 KiB, an entry of a log 8, a time stamp 6.
const (
	maxAnnotation = 32 << 10
	maxStamp      = 16 << 10
)

// judge judges signatures by one policy.
type judge struct {
	policy *signature.Policy
	key    sgsignature.Verifier // nil: keyless
	root   root.TrustedMaterial
}

// PolicyError tells that a policy cannot be meant. No remedy: it says what is
// wrong with it.
type PolicyError struct{ Err error }

func (e *PolicyError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with it.
func (e *PolicyError) Unwrap() error { return e.Err }

// newJudge reads the policy's key, or the certificates and logs to believe.
func newJudge(ctx context.Context, p *signature.Policy) (*judge, error) {
	if err := p.Check(); err != nil {
		return nil, &PolicyError{err}
	}
	j := &judge{policy: p}
	if len(p.Key) > 0 {
		public, err := cryptoutils.UnmarshalPEMToPublicKey(p.Key)
		if err != nil {
			return nil, &PolicyError{fmt.Errorf("the key: %w", err)}
		}
		// A key needs no log and no authority.
		j.root = &root.BaseTrustedMaterial{}
		j.key, err = sgsignature.LoadDefaultVerifier(public, options.WithED25519ph())
		return j, err
	}
	var err error
	if len(p.TrustedRoot) > 0 {
		j.root, err = root.NewTrustedRootFromJSON(p.TrustedRoot)
		if err != nil {
			return nil, &PolicyError{fmt.Errorf("the trusted root: %w", err)}
		}
		return j, nil
	}
	j.root, err = publicRoot(ctx)
	return j, err
}

// options are cosign's for a signature. With a key, time and logs do not
// matter; keyless, a log or a time stamp has to show that it was made while
// its short-lived certificate was good.
func (j *judge) options(stamped bool) *cosign.CheckOpts {
	co := &cosign.CheckOpts{
		ClaimVerifier: cosign.SimpleClaimVerifier, TrustedMaterial: j.root,
		SigVerifier: j.key, IgnoreTlog: j.key != nil, Offline: true, UseSignedTimestamps: stamped && j.key == nil,
	}
	if j.key == nil {
		co.Identities = []cosign.Identity{{
			Subject: j.policy.CertificateIdentity, SubjectRegExp: signature.Anchored(j.policy.CertificateIdentityRegexp),
			Issuer: j.policy.CertificateIssuer, IssuerRegExp: signature.Anchored(j.policy.CertificateIssuerRegexp),
		}}
	}
	return co
}

func (j *judge) classic(ctx context.Context, image v1.Hash, sig oci.Signature) (*Verdict, error) {
	sig, err := j.strip(sig)
	if err != nil {
		return nil, err
	}
	stamp, err := sig.RFC3161Timestamp()
	if err != nil {
		return nil, err
	}
	if _, err := cosign.VerifyImageSignature(ctx, sig, image, j.options(stamp != nil)); err != nil {
		return nil, err
	}
	if err := checkType(sig); err != nil {
		return nil, err
	}
	v := &Verdict{Format: Classic, Signer: j.policy.String()}
	if j.key != nil {
		return v, nil
	}
	cert, err := sig.Cert()
	if err != nil {
		return nil, err
	}
	for _, name := range cryptoutils.GetSubjectAlternateNames(cert) {
		extensions := cosign.CertExtensions{Cert: cert}
		v.Signer = sanitize.Line(name + " by " + extensions.GetIssuer())
	}
	return v, nil
}

// strip leaves of a signature what the policy needs: for a key, the payload and
// its signature. The rest is cosign's to read, and bounded here.
func (j *judge) strip(sig oci.Signature) (oci.Signature, error) {
	if j.key == nil {
		return sig, checkSizes(sig)
	}
	text, err := sig.Payload()
	if err != nil {
		return nil, err
	}
	encoded, err := sig.Base64Signature()
	if err != nil {
		return nil, err
	}
	return static.NewSignature(text, encoded)
}

func checkSizes(sig oci.Signature) error {
	annotations, err := sig.Annotations()
	if err != nil {
		return err
	}
	for name, text := range annotations {
		if len(text) > maxAnnotation {
			return fmt.Errorf("its annotation %s is larger than %d KiB", sanitize.Line(name), maxAnnotation>>10)
		}
	}
	return nil
}

// checkType tells a signature from whatever else was said of an image in the
// same form (cosign's "Signature Specification", type).
func checkType(sig oci.Signature) error {
	text, err := sig.Payload()
	if err != nil {
		return err
	}
	var said payload.SimpleContainerImage
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	if said.Critical.Type != payload.CosignSignatureType {
		return fmt.Errorf("it is of type %q, not a signature", sanitize.Line(said.Critical.Type))
	}
	return nil
}

func (j *judge) bundle(ctx context.Context, image v1.Hash, b *sgbundle.Bundle) (*Verdict, error) {
	digest, err := hex.DecodeString(image.Hex)
	if err != nil {
		return nil, err
	}
	stamps, err := b.Timestamps()
	if err != nil {
		return nil, err
	}
	for _, s := range stamps {
		if len(s) > maxStamp {
			return nil, fmt.Errorf("a time stamp of it is larger than %d KiB", maxStamp>>10)
		}
	}
	res, err := cosign.VerifyNewBundle(ctx, j.options(len(stamps) > 0), sgverify.WithArtifactDigest(image.Algorithm, digest), b)
	if err != nil {
		return nil, err
	}
	switch {
	case res.Statement == nil:
		return nil, errors.New("a bundle without a statement is no signature of an image")
	case res.Statement.GetPredicateType() != signType:
		return nil, fmt.Errorf("it is an attestation of type %q, not a signature", sanitize.Line(res.Statement.GetPredicateType()))
	}
	v := &Verdict{Format: Bundle, Signer: j.policy.String()}
	if c := res.Signature.Certificate; c != nil {
		v.Signer = sanitize.Line(c.SubjectAlternativeName + " by " + c.Issuer)
	}
	return v, nil
}

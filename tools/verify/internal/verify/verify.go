// Package verify tells whether a published base image is signed as a policy
// wants.
//
// It knows cosign's classic signatures (an image under the tag
// sha256-<digest>.sig, cosign's "Signature Specification") and Sigstore bundles
// (referrers of the image, cosign's "Bundle Specification"), by a public key or
// keyless. Cosign's own packages judge the signatures; this package decides
// which count, and bounds what a registry can make it do.
//
// It is a module of its own, since what it links is too much for a program
// that has to start in milliseconds.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
)

// Request is what has to be verified.
type Request struct {
	Ref       tag.Ref
	Digest    string   // sha256:…, of what is signed: the index, or an image without one
	Identity  string   // what the image's label has to name; empty: any identity with the ref's tag
	Platforms []string // whose images have to be there, os/arch[/variant]; at least one
}

// Format is how a signature is stored.
type Format string

// The formats.
const (
	Classic Format = "classic" // cosign v2's default
	Bundle  Format = "bundle"  // cosign v3's default
)

// Verdict is what was found of an image that is signed as it has to be.
type Verdict struct {
	Format Format // of the signature that counted
	Signer string // the key, or the certificate's identity and issuer; fit to print
}

// maxSignatures is how many signatures of an image are looked at.
const maxSignatures = 100

// Image returns nil only where the image is in its registry, whole, with the
// right label, and signed by whom the policy names. Signatures that others
// have put beside it do not matter.
//
// The error is a [*registry.Error] whose state is Invalid where the image is
// not signed so, else what the registry's answer came to; a [*PolicyError]; or
// ctx's cause.
func Image(ctx context.Context, r Request, p *signature.Policy, o registry.Options) (*Verdict, error) {
	judge, err := newJudge(ctx, p)
	if err != nil {
		return nil, err
	}
	res, err := registry.Probe(ctx, registry.Query{Ref: r.Ref, Digest: r.Digest, Platforms: r.Platforms, Identity: r.Identity}, o)
	if err != nil {
		return nil, err
	}
	if res.State != registry.StateComplete {
		return nil, &registry.Error{State: res.State, Reason: res.Reason, Remedy: res.Hint}
	}
	o.Anonymous = res.Anonymous // a login that does not work was found out just now
	reader, err := registry.OpenReader(ctx, r.Ref.Repository, o)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	repository, err := name.NewRepository(r.Ref.Repository, name.StrictValidation)
	if err != nil {
		return nil, err
	}
	hash, err := v1.NewHash(r.Digest)
	if err != nil {
		return nil, err
	}
	// Without a challenge, the remote package adds nothing to the transport, and
	// does not ask the registry once more how to sign in.
	signed, err := transport.FromToken(repository.Registry, authn.Anonymous, reader.Transport(), new(transport.Challenge), nil)
	if err != nil {
		return nil, err
	}
	s := source{
		image: repository.Digest(r.Digest), hash: hash,
		remote: []remote.Option{remote.WithContext(ctx), remote.WithTransport(signed)},
	}
	return decide(ctx, s, judge, p)
}

// decide looks at bundles, then at classic signatures, until one counts.
func decide(ctx context.Context, s source, j *judge, p *signature.Policy) (*Verdict, error) {
	var failed error // to ask, which is not to say that no signature exists
	var refusals []error
	for _, look := range []func(context.Context, source, *judge) ([]candidate, error){bundles, classic} {
		candidates, err := shielded(func() ([]candidate, error) { return look(ctx, s, j) })
		if e := new(registry.Error); err != nil && !errors.As(err, &e) {
			// no remedy: what is listed beside the image is broken, and the error says how
			err = &registry.Error{State: registry.StateInvalid, Reason: sanitize.Line("its signatures cannot be listed: " + err.Error()), Err: err}
		}
		failed = cmp.Or(failed, err)
		for i, judged := range candidates {
			if i == maxSignatures {
				failed = cmp.Or(failed, error(&registry.Error{
					State: registry.StateInvalid, Reason: fmt.Sprintf("none of its first %d signatures counts, and no more are looked at", maxSignatures),
					Remedy: "remove from the registry what is not needed, with crane or oras",
				}))
				break
			}
			v, err := shielded(judged)
			if v != nil && err == nil {
				return v, nil
			}
			if cause := context.Cause(ctx); cause != nil {
				return nil, cause
			}
			switch e := new(registry.Error); {
			case errors.As(err, &e):
				failed = cmp.Or(failed, error(e))
			case err != nil:
				refusals = append(refusals, err)
			}
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
	}
	switch {
	case failed != nil:
		return nil, failed
	case len(refusals) == 0:
		return nil, &registry.Error{
			State: registry.StateInvalid, Reason: "it is not signed",
			Remedy: "have it signed by its owner: mage release:sign",
		}
	}
	return nil, &registry.Error{
		State: registry.StateInvalid, Remedy: "it may be signed by somebody else than the policy names",
		Reason: sanitize.Line(fmt.Sprintf("none of its %d signatures is by %s: %v", len(refusals), p, errors.Join(distinct(refusals)...))),
	}
}

// shielded turns a panic into an error. Cosign 2 reads what a registry gives it
// without a look whether it is all there; one candidate must not keep the others
// from being judged.
func shielded[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			v, err = none, fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	return f()
}

// distinct leaves out errors that say the same.
func distinct(all []error) []error {
	var some []error
	seen := map[string]bool{}
	for _, err := range all {
		if text := err.Error(); !seen[text] {
			seen[text] = true
			some = append(some, err)
		}
	}
	return some
}

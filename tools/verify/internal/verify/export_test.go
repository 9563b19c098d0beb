package verify

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci"

	"github.com/vessux/openlock/sandbox/signature"
)

// JudgeClassic judges one classic signature of an image, as [Image] does.
func JudgeClassic(ctx context.Context, p *signature.Policy, digest string, sig oci.Signature) (*Verdict, error) {
	j, err := newJudge(ctx, p)
	if err != nil {
		return nil, err
	}
	image, err := v1.NewHash(digest)
	if err != nil {
		return nil, err
	}
	return shielded(func() (*Verdict, error) { return j.classic(ctx, image, sig) })
}

package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/sigstore/cosign/v2/pkg/oci"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	sgbundle "github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
)

// source is where the signatures of an image are.
type source struct {
	image  name.Digest
	hash   v1.Hash
	remote []remote.Option
}

// candidate reads a signature that may count, and judges it. The verdict is nil
// without an error where there is none after all. The error is a
// [*registry.Error] where the registry did not give it.
type candidate func() (*Verdict, error)

// bundleType is what the media types of bundles begin with.
const bundleType = "application/vnd.dev.sigstore.bundle"

// emptyType is the media type of a bundle's config, which is empty (OCI Image
// Specification 1.1, "Guidance for an Empty Descriptor").
const emptyType = "application/vnd.oci.empty.v1+json"

// maxBundle is the largest bundle that is read, in bytes. They have some
// kilobytes.
const maxBundle = 1 << 20

// bundles are the Sigstore bundles among the image's referrers (OCI
// Distribution Specification 1.1, "Listing referrers", or its fallback by tag).
func bundles(ctx context.Context, s source, j *judge) ([]candidate, error) {
	index, err := remote.Referrers(s.image, s.remote...)
	if err != nil {
		return nil, explainList("referrers", err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, explainList("referrers", err)
	}
	var said, unsaid []candidate
	for _, d := range list.Manifests {
		if !d.MediaType.IsImage() {
			continue
		}
		c := func() (*Verdict, error) {
			b, err := s.bundle(d.Digest)
			if b == nil {
				return nil, err
			}
			return j.bundle(ctx, s.hash, b)
		}
		switch {
		case strings.HasPrefix(d.ArtifactType, bundleType):
			said = append(said, c)
		// Registries may leave the type out, or give that of the config; what has
		// another is no bundle.
		case d.ArtifactType == "", d.ArtifactType == emptyType:
			unsaid = append(unsaid, c)
		}
	}
	return append(said, unsaid...), nil
}

// bundle reads one; nil for a referrer that is something else. The error is a
// [*registry.Error] where the registry did not give it.
func (s source) bundle(digest v1.Hash) (*sgbundle.Bundle, error) {
	image, err := remote.Image(s.image.Context().Digest(digest.String()), s.remote...)
	if err != nil {
		return nil, unlessGone("referrer", err)
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, registry.Explain("referrer", err)
	}
	if len(layers) != 1 {
		return nil, nil
	}
	if mt, err := layers[0].MediaType(); err != nil || !strings.HasPrefix(string(mt), bundleType) {
		return nil, nil
	}
	// As it lies there: a bundle is not compressed, and what is could be small
	// and have no end.
	content, err := layers[0].Compressed()
	if err != nil {
		return nil, unlessGone("bundle", err)
	}
	defer content.Close()
	text, err := io.ReadAll(io.LimitReader(content, maxBundle+1))
	switch {
	case err != nil:
		return nil, registry.Explain("bundle", err)
	case len(text) > maxBundle:
		return nil, fmt.Errorf("a bundle is larger than %d MiB", maxBundle>>20)
	}
	return parseBundle(text)
}

func parseBundle(text []byte) (*sgbundle.Bundle, error) {
	b := new(sgbundle.Bundle)
	if err := b.UnmarshalJSON(bytes.TrimSpace(text)); err != nil {
		return nil, fmt.Errorf("a bundle cannot be read: %w", err)
	}
	return b, nil
}

// explainList explains why a list of signatures could not be had. What came and
// cannot be read is no outage.
func explainList(what string, err error) *registry.Error {
	e := registry.Explain(what, err)
	asked, answered, network := new(url.Error), new(transport.Error), net.Error(nil)
	lost := errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &asked) || errors.As(err, &answered) || errors.As(err, &network)
	if e.State == registry.StateUnreachable && !lost {
		e.State, e.Remedy = registry.StateInvalid, "remove it from the registry, and sign the image again"
		e.Reason = sanitize.Line(what + ": the list cannot be read: " + err.Error())
	}
	return e
}

// classic are the signatures under the image's tag for them.
func classic(ctx context.Context, s source, j *judge) ([]candidate, error) {
	at, err := ociremote.SignatureTag(s.image)
	if err != nil {
		return nil, err
	}
	image, err := ociremote.Signatures(at, ociremote.WithRemoteOptions(s.remote...))
	if err != nil {
		return nil, registry.Explain("signatures", err)
	}
	list, err := image.Get()
	if err != nil {
		return nil, explainList("signatures", err)
	}
	var all []candidate
	for _, sig := range list {
		all = append(all, func() (*Verdict, error) {
			payload, err := sig.Payload()
			if err != nil {
				return nil, unlessGone("signature", err)
			}
			return j.classic(ctx, s.hash, held{sig, payload})
		})
	}
	return all, nil
}

// held is a signature whose payload was read: nothing is asked for any more.
type held struct {
	ociSignature
	payload []byte
}

type ociSignature = oci.Signature // by a name that is none of its methods

func (h held) Payload() ([]byte, error) { return h.payload, nil }

// unlessGone explains a registry's error. What is listed and is not there is
// no outage: it is nil then, and nothing is there.
func unlessGone(what string, err error) error {
	if e := new(transport.Error); errors.As(err, &e) && e.StatusCode == http.StatusNotFound {
		return nil
	}
	return registry.Explain(what, err)
}

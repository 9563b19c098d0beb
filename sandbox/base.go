package sandbox

import (
	"context"
	"errors"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// Base is a base image: the bytes that decide it and the place where it is
// published.
type Base struct {
	Containerfile []byte
	// Repository names the image: [Ensure] tags it so, and [Publish] pushes there.
	Repository string // host[:port]/path, see [tag.CheckRepository]
	// Digest, sha256:…, is that of the index which is known to be the image's;
	// empty: not known. [Ensure] pulls from no other, whatever the tag names.
	Digest string
	// Sources are the repositories that [Ensure] fetches from, in order, such as
	// mirrors; at most 8. Empty: Repository alone. The name stays the one of
	// Repository, whichever of them has the image.
	Sources []string
	// Early are the tags that were published before images were labelled, and by
	// which digests, sha256:…, each is known: first that of the index, then those
	// of its images; none: not known yet. An image of such a tag is accepted
	// without the label where it has one of the digests.
	Early map[string][]string
}

// Ref returns the image's name. The error is that of [tag.CheckRepository].
func (b Base) Ref() (tag.Ref, error) { return tag.New(b.Repository, b.Containerfile) }

// Identity returns the SHA-256 of the Containerfile, 64 lower-case hex digits.
func (b Base) Identity() string { return tag.Identity(b.Containerfile) }

// Platforms are those for which every base image is published.
func Platforms() []string { return []string{"linux/amd64", "linux/arm64"} }

// Exists asks the registry which of the platforms (none: [Platforms]) are
// published under the image's ref, with its label. It returns an error only
// for a wrong question or an ended ctx; see [registry.Probe].
func Exists(ctx context.Context, b Base, platforms []string, o registry.Options) (*registry.Result, error) {
	q, err := b.query(platforms)
	if err != nil {
		return nil, err
	}
	return registry.Probe(ctx, q, o)
}

// check returns the ref, or why there is nothing to find or build under one.
func (b Base) check() (tag.Ref, error) {
	if len(b.Containerfile) == 0 {
		return tag.Ref{}, &InputError{Err: errors.New("containerfile is empty"), Remedy: "give the bytes of the Containerfile that the image is built from"}
	}
	ref, err := b.Ref()
	if err != nil {
		return tag.Ref{}, &InputError{Err: err, Remedy: "a repository is host/path without a tag, such as ghcr.io/vessux/openlock-base"}
	}
	return ref, nil
}

func (b Base) query(platforms []string) (registry.Query, error) {
	if len(platforms) == 0 {
		platforms = Platforms()
	}
	q := registry.Query{Identity: b.Identity(), Early: b.Early}
	for _, name := range platforms {
		p, err := platform.Normalize(name)
		if err != nil {
			return q, &InputError{Err: err} // no remedy: the error says what is wanted
		}
		q.Platforms = append(q.Platforms, p)
	}
	var err error
	q.Ref, err = b.check()
	return q, err
}

// Package base is openlock's own base image: its Containerfile, embedded, and
// the repository that it is published in.
package base

import (
	_ "embed"
	"slices"

	"github.com/vessux/openlock/sandbox"
)

// Repository is where the image is published.
const Repository = "ghcr.io/vessux/openlock-base"

//go:embed base.Containerfile
var containerfile []byte

// digest is that of the published index, sha256:…, which a release of the
// program pulls; empty in other builds, and in a release that came before its
// image. It belongs to [Containerfile] and is set by the linker: -ldflags "-X github.com/vessux/openlock/sandbox/base.digest=…".
var digest string

// Containerfile returns the bytes of base.Containerfile, exactly as Git has
// them. The copy is the caller's.
func Containerfile() []byte { return slices.Clone(containerfile) }

// Default returns the image as package sandbox takes it.
func Default() sandbox.Base {
	b := sandbox.Base{Containerfile: Containerfile(), Repository: Repository, Digest: digest, Early: map[string][]string{}}
	for tag, digests := range early {
		b.Early[tag] = slices.Clone(digests)
	}
	return b
}

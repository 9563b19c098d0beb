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

// digest is that of the published index, sha256:…, where the program was
// linked with it: -ldflags "-X github.com/vessux/openlock/sandbox/base.digest=…".
var digest string

// Digest returns the digest of the published index that a release of the
// program was built with, sha256:…; empty in other builds, and in a release
// that came before its image. It belongs to [Containerfile].
func Digest() string { return digest }

// Containerfile returns the bytes of base.Containerfile, exactly as Git has
// them. The copy is the caller's.
func Containerfile() []byte { return slices.Clone(containerfile) }

// Default returns the image as package sandbox takes it.
func Default() sandbox.Base {
	return sandbox.Base{Containerfile: Containerfile(), Repository: Repository, Digest: Digest()}
}

// Package base is openlock's own base image: its Containerfile, embedded, and
// the repository that it is published in.
package base

import (
	_ "embed"
	"slices"
)

// Repository is where the image is published.
const Repository = "ghcr.io/vessux/openlock-base"

//go:embed base.Containerfile
var containerfile []byte

// Containerfile returns the bytes of base.Containerfile, exactly as Git has
// them. The copy is the caller's.
func Containerfile() []byte { return slices.Clone(containerfile) }

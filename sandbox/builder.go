package sandbox

import "context"

// Builder builds images for several platforms and pushes them without a tag.
// Package builder has those that there are.
type Builder interface {
	// Name is what the builder is called in messages.
	Name() string
	// Check reports why images for the platforms cannot be built, before
	// anything is. The error is a [*BuilderError].
	Check(ctx context.Context, platforms []string) error
	// Build builds an image for each platform, pushes each by its digest and
	// nothing by a tag, and returns the digests, sha256:…, in the order of
	// r.Platforms. The error wraps a [*PushError] where the registry refused
	// an image.
	Build(ctx context.Context, r LegRequest) (digests []string, err error)
}

// LegRequest is what a [Builder] builds.
type LegRequest struct {
	Containerfile []byte
	Repository    string   // to push to
	Platforms     []string // os/arch[/variant]
	Labels        map[string]string
	Epoch         int64 // every time in the image, seconds since 1970-01-01 UTC
	NoCache       bool  // run every step again, where the builder would reuse any
}

// BuilderError tells why a builder cannot do what it is asked for.
type BuilderError struct {
	Reason string // one line, fit to print
	Remedy string // the remedy, may be empty
	Err    error  // the cause; may be nil
}

func (e *BuilderError) Error() string { return e.Reason }

// Hint returns the remedy, one line; empty where there is none.
func (e *BuilderError) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *BuilderError) Unwrap() error { return e.Err }

// PushError tells that images were built and not taken by the registry.
type PushError struct{ Err error }

func (e *PushError) Error() string { return e.Err.Error() }

// Unwrap returns what the builder said.
func (e *PushError) Unwrap() error { return e.Err }

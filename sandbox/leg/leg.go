// Package leg is what [sandbox.Publish] asks of a builder, and what a builder
// answers: a leg is the image for one platform, pushed without a tag. Package
// builder has the builders.
package leg

import "context"

// Builder builds images for several platforms and pushes them without a tag.
type Builder interface {
	// Name is what the builder is called in messages; after Check, that of the
	// builder that was checked.
	Name() string
	// Check reports why images for the platforms cannot be built, before
	// anything is. The error is an [*Error].
	Check(ctx context.Context, platforms []string) error
	// Build builds an image for each platform, pushes each by its digest and
	// nothing by a tag, and returns the digests, sha256:…, in the order of
	// r.Platforms. The error wraps a [*PushError] where the registry refused
	// an image.
	Build(ctx context.Context, r Request) (digests []string, err error)
}

// Request is what a [Builder] builds. Every time in the image is the one that
// the Containerfile gives SOURCE_DATE_EPOCH, or 1970-01-01 00:00 UTC.
type Request struct {
	Containerfile []byte
	Repository    string   // to push to
	Platforms     []string // os/arch[/variant]
	Labels        map[string]string
	NoCache       bool // run every step again, where the builder would reuse any
}

// Error tells why legs cannot be built.
type Error struct {
	Reason string // one line, fit to print
	Remedy string // the remedy, may be empty
	Err    error  // the cause; may be nil
}

func (e *Error) Error() string { return e.Reason }

// Hint returns the remedy, one line; empty where there is none.
func (e *Error) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

// PushError tells that images were built and the registry refused them. No
// remedy: [sandbox.Publish] asks the registry why, and returns that.
type PushError struct{ Err error }

func (e *PushError) Error() string { return e.Err.Error() }

// Unwrap returns what the builder said.
func (e *PushError) Unwrap() error { return e.Err }

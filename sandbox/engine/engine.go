// Package engine says what a container engine does that holds base images on a
// host, in one small interface. Package engines finds those that are installed.
//
// The questions are asked so that an engine that does not answer is never
// taken for an image that is not there: Inspect returns [ErrNotFound] for the
// one and [*UnavailableError] for the other.
package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vessux/openlock/internal/login"
)

// Engine holds images and can pull and build them. Refs are repository:tag,
// repository@digest or an image ID. Every method ends when its context does,
// and leaves no process behind.
type Engine interface {
	// Name is the engine's name, as users choose it.
	Name() string
	// Store identifies the image store: two engines with equal stores share images.
	Store() string
	// Inspect tells what ref is in the local store, without any network. The
	// error is [ErrNotFound], or *UnavailableError when the engine does not answer.
	Inspect(ctx context.Context, ref string) (*Image, error)
	// Pull fetches a ref for a platform (os/arch[/variant]).
	Pull(ctx context.Context, ref, platform string, o PullOptions) error
	// Tag gives an image a further name, taking it from any other image.
	Tag(ctx context.Context, image, ref string) error
	// Remove takes a name from its image, and the image too where it was the last.
	Remove(ctx context.Context, ref string) error
}

// Builder is an [Engine] that can build. One that cannot holds images that were
// published, and nothing else.
type Builder interface {
	Engine
	// Build builds an image and returns its ID. It gets the name of b and no
	// other.
	Build(ctx context.Context, b BuildRequest) (id string, err error)
}

// Describer is an [Engine] whose daemon or virtual machine may be on another
// machine, of another architecture, than the one that asks. One that is none
// is here, and of this machine's architecture.
type Describer interface {
	Engine
	// Describe tells for which platform (os/arch[/variant]) the engine runs
	// images, and whether it is elsewhere: on another machine or in a virtual
	// one. An engine whose settings say that it is here starts no process and
	// sends no request for it. The error is *UnavailableError when the engine
	// does not answer.
	Describe(ctx context.Context) (platform string, elsewhere bool, err error)
}

// ErrNotFound is the engine's own word that it has no such image.
var ErrNotFound = errors.New("no such image")

// UnavailableError tells that an engine is installed but does not answer.
type UnavailableError struct {
	Engine string // its name
	Reason string // one line, fit to print
	Remedy string // the remedy, one line
	Err    error  // the cause; may be nil
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s does not answer: %s", e.Engine, e.Reason)
}

// Hint returns the remedy, one line; empty where there is none.
func (e *UnavailableError) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Image is what an engine tells of an image it has.
type Image struct {
	ID       string            // of the image in the engine's store
	Platform string            // os/arch[/variant], normalised
	Labels   map[string]string // of its config
	Digests  []string          // repository@sha256:…, by which registries know it
	// LastStep is the last step of its history where the engine itself has made
	// that on another image, as podman tells; else empty.
	LastStep string
}

// PullOptions change how an image is pulled.
type PullOptions struct {
	IgnoreLogins bool          // pull without any login, wherever one is stored
	Login        *login.Login  // pull with this login and no other; nil: with the one that the engine finds
	LoginAt      string        // repository that Login is for; empty: the ref's
	Timeout      time.Duration // default 20 min
	BeginTimeout time.Duration // stop where no layer has begun by then; 0: only Timeout does
}

// BuildRequest is one build from a Containerfile that needs no context.
type BuildRequest struct {
	Containerfile []byte            // exactly these bytes are built
	Platform      string            // os/arch[/variant]
	Labels        map[string]string // added to the image's config
	NoCache       bool              // run every step again
	Name          string            // that the image gets; the caller removes it. Empty: none
	Timeout       time.Duration     // default 90 min
}

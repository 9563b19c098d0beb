package registry

import (
	"time"

	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/internal/platform"
)

// State is what a registry says of a ref. The zero value is no state.
type State string

// The states of a ref. Only StateAbsent means "not there": every doubt has a state
// of its own, so that an outage is never read as a missing image.
const (
	StateComplete    State = "complete"    // every required platform is there
	StateIncomplete  State = "incomplete"  // the tag is there, a required platform is not
	StateAbsent      State = "absent"      // the registry knows no such tag or repository
	StateDenied      State = "denied"      // 401 or 403: private, or not there at all; registries do not tell which
	StateThrottled   State = "throttled"   // 429
	StateUnreachable State = "unreachable" // DNS, refused, time-out, TLS, 5xx
	StateInvalid     State = "invalid"     // an answer that is no registry's, or not about our image
)

// Child is one platform's image in an index.
type Child struct {
	Platform  string // os/arch[/variant], normalised by [platform.Normalize]
	Digest    string // of its manifest, sha256:<64 hex digits>
	MediaType string // of its manifest
	Size      int64  // of its manifest, in bytes
	ImageSize int64  // of its config and layers, as they are transferred, in bytes
}

// Result is the outcome of a probe.
type Result struct {
	Ref       string
	State     State
	Source    string   // repository that has it, by which an engine pulls it; where none has it, the last that was asked
	Place     string   // repository that answered, where the engine's configuration puts another in the source's place: a mirror
	ByTag     bool     // the engine looks at Place for tags only, so a pull by digest goes past it
	Digest    string   // of the manifest that the tag names; empty where none was got whole
	Children  []Child  // required platforms that are there whole, in the order they were required
	Platforms []string // every platform that the tag offers and that is there as far as was asked, in its own order
	Missing   []string // required platforms that are not there
	Reason    string   // one line, safe to print
	Hint      string   // what the user can do, one line, may be empty
	Err       error    // what the state was concluded from, such as a [*net.DNSError]; nil where an answer was got
	Warnings  []string // such as a stored login that was rejected; safe to print

	// Early tells that Digest is known to be the image's, which carries no label
	// since it was published before that; see [Query.Early].
	Early bool

	// IgnoreLogins tells that the registry gave its answer without a login: none
	// is stored where we look, none works (Warnings says why), or it challenged
	// no request. A pull must do without logins too, wherever they are stored:
	// an engine looks in more places, takes a login to whatever token server a
	// registry names, and at the pull that may be another one.
	IgnoreLogins bool
	// Login is what the answer was given to where that is not the login that the
	// engine would use by itself; nil: it is, or none is needed.
	Login      *login.Login
	challenged bool // a login or token was asked for
	// Anonymous tells that the answer was given to a client without a login.
	Anonymous bool
	// RetryAfter is what a Throttled registry asked for; 0 when it did not say.
	RetryAfter time.Duration
}

// Child returns the image for a platform; ok is false where the probe did not
// find it whole.
func (r *Result) Child(name string) (c Child, ok bool) {
	for _, c := range r.Children {
		if platform.Same(c.Platform, name) {
			return c, true
		}
	}
	return Child{}, false
}

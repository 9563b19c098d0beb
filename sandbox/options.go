package sandbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// Policy says when something may be done, in the words that engines use.
type Policy string

// The policies. The zero value is PolicyMissing.
const (
	PolicyMissing Policy = "missing" // where the image is not there otherwise
	PolicyAlways  Policy = "always"  // even where it is
	PolicyNever   Policy = "never"
)

// ParsePolicy reads a policy; the empty string is [PolicyMissing].
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case "":
		return PolicyMissing, nil
	case PolicyMissing, PolicyAlways, PolicyNever:
		return p, nil
	}
	return "", &InputError{Err: fmt.Errorf("%q: want missing, always or never", s)} // no remedy: the error says what is wanted
}

// Options say how [Ensure] and [Plan] may get an image. The zero value works:
// it is what openlock itself does without a flag.
type Options struct {
	// Engines are the candidates, the preferred one first. The first that
	// answers is used. None of them may be nil; default: those that
	// [engines.Find] finds for [engines.Auto], and what they print is dropped.
	Engines []engine.Engine
	// Platform is os/arch[/variant]; default: what the engine runs.
	Platform string
	Pull     Policy
	Build    Policy
	NoCache  bool // a build runs every step again
	// PullTimeout and BuildTimeout bound the engine's work; defaults 20 and 90
	// minutes. A pull that takes longer is not tried again.
	PullTimeout, BuildTimeout time.Duration
	// WaitTimeout bounds the wait for another process that gets the same image;
	// default 2 h, which is more than a pull and a build may take.
	WaitTimeout time.Duration
	// LockDir is the directory of the locks, made when it is missing; default:
	// openlock/locks in XDG_CACHE_HOME. Without a home there is no default, and
	// Ensure fails where it has to pull or build. Plan takes no lock.
	LockDir string
	// Verifier has to accept a published image before it is pulled; nil: what
	// the probe saw is pulled. Of the images in the store it then counts which
	// it has accepted before and which were built here, as RecordDir tells.
	Verifier Verifier
	// RecordDir is the directory of the records, made when it is missing: where
	// images in the store are from; default: openlock/images in XDG_STATE_HOME.
	// Without a home, nothing is remembered.
	RecordDir string
	// Registry bounds the probe. The zero value is a host's.
	Registry registry.Options
	// Notify gets what a person wants to know while it happens; may be nil.
	// It is called from one goroutine.
	Notify func(Notice)
	// Progress gets the beginning and the end of what can take long; may be nil.
	// It is called from one goroutine.
	Progress func(Progress)
}

// Verifier decides whether a published image may be pulled. Package signature
// has one.
type Verifier interface {
	// Verify returns nil where the image is what it has to be. The error is a
	// [*signature.Error], or ctx's cause.
	Verify(ctx context.Context, s signature.Subject) error
	// Fingerprint is the same for two verifiers that accept the same images.
	Fingerprint() string
}

var _ Verifier = (*signature.Verifier)(nil)

// Notice is a message about the work, in one line and fit to print.
type Notice struct {
	Text    string
	Hint    string // the remedy, may be empty
	Warning bool   // something is wrong, though it goes on
}

// HostPlatform is the platform of the images that this machine runs.
func HostPlatform() string { return "linux/" + runtime.GOARCH }

func (o Options) withDefaults() (Options, error) {
	var err error
	if o.Pull, err = ParsePolicy(string(o.Pull)); err != nil {
		return o, &InputError{Err: fmt.Errorf("pull policy %w", err)} // no remedy: the error says what is wanted
	}
	if o.Build, err = ParsePolicy(string(o.Build)); err != nil {
		return o, &InputError{Err: fmt.Errorf("build policy %w", err)} // no remedy: the error says what is wanted
	}
	if o.Pull == PolicyAlways && o.Build == PolicyAlways {
		return o, &InputError{Err: errors.New("pull and build cannot both be \"always\": one of them would be for nothing"), Remedy: "choose one of the two"}
	}
	if o.Platform != "" {
		if o.Platform, err = platform.Normalize(o.Platform); err != nil {
			return o, &InputError{Err: err} // no remedy: the error says what is wanted
		}
	}
	if o.WaitTimeout <= 0 {
		o.WaitTimeout = limit.Wait
	}
	if o.Notify == nil {
		o.Notify = func(Notice) {}
	}
	if o.RecordDir == "" {
		o.RecordDir, _ = userdir.Images() // without a home it stays empty
	}
	o.Engines, err = candidates(o.Engines)
	return o, err
}

// candidates returns the engines that were given, or those that are installed.
func candidates(given []engine.Engine) ([]engine.Engine, error) {
	if len(given) == 0 {
		return engines.Find(engines.Auto, nil)
	}
	for i, e := range given {
		if v := reflect.ValueOf(e); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, &InputError{Err: fmt.Errorf("engine %d of %d is nil", i+1, len(given)), Remedy: "leave Engines empty for those that are installed"}
		}
	}
	return given, nil
}

package sandbox

import (
	"context"
	"errors"

	"github.com/vessux/openlock/internal/lock"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// InputError is bad input, which the caller can correct.
type InputError struct {
	Err    error
	Remedy string // one line, may be empty
}

func (e *InputError) Error() string { return e.Err.Error() }

// Hint returns the remedy, one line; empty where there is none.
func (e *InputError) Hint() string { return e.Remedy }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// Explanation is what a program tells its user of an error.
type Explanation struct {
	Messages []string // one line each, fit to print
	Hints    []string // the remedies, one line each; may be empty
	// ExitCode is 0 done, 1 failed, 2 bad input or a missing prerequisite, 3
	// absent, 4 incomplete, 5 denied, 6 unreachable or throttled, 7 invalid or
	// not verified, 130 interrupted.
	ExitCode int
}

// Exit codes that no registry's state stands for.
const (
	exitFailed      = 1
	exitInput       = 2
	exitUnverified  = 7
	exitInterrupted = 130
)

// Explain turns an error of this package, or one that wraps it, into words,
// remedies and an exit code; nil is exit code 0 without words. Where several
// engines do not answer, each has a message and a remedy.
func Explain(err error) Explanation {
	if err == nil {
		return Explanation{}
	}
	if down := unavailable(err); len(down) > 0 && !decided(err) {
		e := Explanation{ExitCode: exitInput}
		for _, d := range down {
			e.Messages, e.Hints = append(e.Messages, d.Error()), append(e.Hints, d.Hint())
		}
		return e
	}
	e := Explanation{Messages: []string{err.Error()}, ExitCode: exitCode(err)}
	if e.ExitCode == exitInterrupted {
		return Explanation{Messages: []string{"interrupted"}, ExitCode: exitInterrupted}
	}
	if hint := hintOf(err); hint != "" {
		e.Hints = []string{hint}
	}
	return e
}

// hintOf returns the outermost remedy in a chain of errors.
func hintOf(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
	}
	return ""
}

// decided reports whether an error says by itself what its cause comes to.
func decided(err error) bool {
	return errors.As(err, new(*StateError)) || errors.As(err, new(*registry.Error)) || errors.As(err, new(*signature.Error))
}

func exitCode(err error) int {
	var (
		state    *StateError
		answered *registry.Error
		refused  *signature.Error
	)
	switch {
	case errors.As(err, &state):
		if state.State == registry.StateComplete { // the registry has it, yet the engine could not pull it
			return exitFailed
		}
		return stateCode(state.State)
	case errors.As(err, &answered):
		return stateCode(answered.State)
	case errors.As(err, &refused) && refused.Missing:
		return exitInput
	case errors.As(err, &refused):
		return exitUnverified
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(*InputError)), errors.As(err, new(*lock.Error)), errors.As(err, new(*leg.Error)), errors.As(err, new(*engines.NotInstalledError)):
		return exitInput
	}
	return exitFailed
}

// stateCode is the exit code of a state that is not what was wanted.
func stateCode(s registry.State) int {
	switch s {
	case registry.StateComplete:
		return 0
	case registry.StateAbsent:
		return 3
	case registry.StateIncomplete:
		return 4
	case registry.StateDenied:
		return 5
	case registry.StateUnreachable, registry.StateThrottled:
		return 6
	case registry.StateInvalid:
		return 7
	}
	return exitFailed
}

// unavailable returns every engine that err says does not answer.
func unavailable(err error) []*engine.UnavailableError {
	var all interface{ Unwrap() []error }
	if errors.As(err, &all) {
		var found []*engine.UnavailableError
		for _, e := range all.Unwrap() {
			found = append(found, unavailable(e)...)
		}
		return found
	}
	var one *engine.UnavailableError
	if errors.As(err, &one) {
		return []*engine.UnavailableError{one}
	}
	return nil
}

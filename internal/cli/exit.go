package cli

import (
	"context"
	"errors"

	"github.com/vessux/openlock/internal/lock"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// The exit codes, everywhere.
const (
	ExitDone        = 0 // exists: complete
	ExitFailed      = 1
	ExitUsage       = 2 // usage, bad input, or a machine that lacks what is needed
	ExitAbsent      = 3
	ExitIncomplete  = 4
	ExitDenied      = 5
	ExitUnreachable = 6 // or throttled
	ExitInvalid     = 7 // or verification failed
	ExitInterrupted = 130
)

// UsageError is bad input: the user can put it right.
type UsageError struct {
	Err    error
	Remedy string
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Hint returns the remedy, one line; empty where there is none.
func (e *UsageError) Hint() string { return e.Remedy }

// Unwrap returns the error behind.
func (e *UsageError) Unwrap() error { return e.Err }

// errInterrupted ends a command that the user stopped.
var errInterrupted = errors.New("interrupted")

// ExitCode returns the exit code that err stands for.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	return explain(err).code
}

func stateCode(s registry.State) int {
	switch s {
	case registry.StateComplete:
		return ExitDone
	case registry.StateAbsent:
		return ExitAbsent
	case registry.StateIncomplete:
		return ExitIncomplete
	case registry.StateDenied:
		return ExitDenied
	case registry.StateUnreachable, registry.StateThrottled:
		return ExitUnreachable
	case registry.StateInvalid:
		return ExitInvalid
	}
	return ExitFailed
}

// explanation is all that a caller learns from an error.
type explanation struct {
	code         int
	texts, hints []string
}

// explain is the one place where an error becomes words and an exit code.
func explain(err error) explanation {
	m := explanation{code: ExitFailed}
	var (
		usage   *UsageError
		refused *sandbox.StateError
		said    *registry.Error
		unsaid  *signature.Error
		locked  *lock.Error
		missing *engine.NotInstalledError
		unfit   *sandbox.BuilderError
	)
	switch down := unavailable(err); {
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return explanation{code: ExitInterrupted, texts: []string{"interrupted"}}
	case errors.As(err, &refused):
		m.code = stateCode(refused.State)
		if m.code == ExitDone { // the registry has it, yet the engine could not pull it
			m.code = ExitFailed
		}
		m.hints = []string{refused.Remedy}
	case errors.As(err, &said):
		m.code, m.hints = stateCode(said.State), []string{said.Remedy}
	case errors.As(err, &unsaid):
		m.code, m.hints = ExitInvalid, []string{unsaid.Remedy}
	case len(down) > 0:
		m.code = ExitUsage
		for _, d := range down {
			m.texts, m.hints = append(m.texts, d.Error()), append(m.hints, d.Remedy)
		}
		return m
	case errors.As(err, &usage):
		m.code, m.hints = ExitUsage, []string{usage.Remedy}
	case errors.As(err, &locked):
		m.code = ExitUsage
		m.hints = []string{"make the directory writable, or choose another with XDG_CACHE_HOME"}
	case errors.As(err, &unfit):
		m.code, m.hints = ExitUsage, []string{unfit.Remedy}
	case errors.As(err, &missing):
		m.code = ExitUsage
		m.hints = []string{"install podman or docker"}
	}
	m.texts = []string{err.Error()}
	return m
}

// unavailable returns every engine that err says is down.
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

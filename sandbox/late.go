package sandbox

import (
	"errors"

	"github.com/vessux/openlock/internal/process"
)

// lateError is the work of an engine that took too long.
type lateError struct {
	error
	remedy string
}

// Hint names the setting that gives more time, after what the engine's own
// words may suggest.
func (e *lateError) Hint() string { return e.remedy }

// Unwrap returns the engine's error.
func (e *lateError) Unwrap() error { return e.error }

// late adds to an error of a limit the flag that changes it.
func late(err error, flag string) error {
	if limit := new(process.LimitError); !errors.As(err, &limit) {
		return err
	}
	remedy := "give it more time with " + flag
	if hint := hintOf(err); hint != "" {
		remedy = hint + "; or " + remedy
	}
	return &lateError{err, remedy}
}

package cli

import (
	"context"
	"fmt"

	"github.com/vessux/openlock/sandbox"
)

// UsageError is bad input: the user can correct it.
type UsageError = sandbox.InputError

// errInterrupted ends a command that the user stopped.
var errInterrupted = fmt.Errorf("interrupted: %w", context.Canceled)

// ExitCode returns the exit code that err stands for; see [sandbox.Explanation].
func ExitCode(err error) int { return sandbox.Explain(err).ExitCode }

package cli

import "github.com/vessux/openlock/sandbox"

// UsageError is bad input: the user can correct it.
type UsageError = sandbox.InputError

// ExitCode returns the exit code that err stands for; see [sandbox.Explanation].
func ExitCode(err error) int { return sandbox.Explain(err).ExitCode }

// Package process runs the command line programs of engines and builders. A
// program gets a process group of its own, ends with everything that it has
// started when its context does, and never reaches a terminal raw.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/diagnose"
)

// What an engine has to end by itself. It is short: a person who pressed Ctrl-C
// is waiting.
const (
	stepGrace = time.Second     // after the end of its step
	intGrace  = 2 * time.Second // after an interrupt
	outGrace  = time.Second     // after that, and for output after its end
)

// Program is a command line program.
type Program struct {
	Name   string    // for messages
	Path   string    // of its file
	Output io.Writer // for what it prints while it works; nil: it is dropped
	Env    []string  // its environment; nil: our own
}

// questionTimeout bounds every Ask. Podman does not answer while another one
// writes a layer, which takes many seconds for a large one on a slow disk.
const questionTimeout = time.Minute

// Ask runs a quick command and returns its standard output. The error holds
// the last line of what it said on standard error.
func (p Program) Ask(ctx context.Context, args ...string) ([]byte, error) {
	return p.AskWithin(ctx, questionTimeout, args...)
}

// AskWithin is [Program.Ask] with another limit.
func (p Program) AskWithin(ctx context.Context, limit time.Duration, args ...string) ([]byte, error) {
	ctx, cancel := Within(ctx, limit)
	defer cancel()
	var out, said bytes.Buffer
	err := p.run(ctx, nil, nil, &out, &said, args...)
	if err == nil {
		return out.Bytes(), nil
	}
	e := &Error{program: p.Name, verb: verb(args), err: err, Tail: string(lastOf(said.Bytes()))}
	if context.Cause(ctx) == nil {
		e.said = diagnose.Words(e.Tail)
	}
	return nil, e
}

// Within bounds what is asked of a program in several commands.
func Within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, &LimitError{What: "no answer", Limit: limit})
}

// Job is one run of a long command.
type Job struct {
	Limit  time.Duration
	Env    []string  // added to the program's environment
	Stdin  io.Reader // nil: empty
	Stdout io.Writer // for data; nil: it is shown, as standard error is
}

// Work runs a long command, with env added to its environment, and shows what
// it prints as it comes.
func (p Program) Work(ctx context.Context, limit time.Duration, env []string, args ...string) error {
	_, err := p.Do(ctx, Job{Limit: limit, Env: env}, args...)
	return err
}

// Do does a job. It returns the end of what was shown, at most 4 KiB.
func (p Program) Do(ctx context.Context, j Job, args ...string) (tail string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, j.Limit, &LimitError{What: "not finished", Limit: j.Limit})
	defer cancel()
	out := newPlainWriter(p.Output)
	defer out.Flush()
	data := j.Stdout
	if data == nil {
		data = out
	}
	if err = p.run(ctx, j.Env, j.Stdin, data, out, args...); err == nil {
		return string(out.tail), nil
	}
	e := &Error{program: p.Name, verb: verb(args), err: err, Tail: string(out.tail)}
	// What a program that was stopped said last is not why it ended, unless it
	// tells a failure, after which it tried again.
	stopped := ExitCode(err) < 0
	failed := !stopped || !errors.Is(err, context.Canceled) && e.Hint() != ""
	if words := diagnose.Words(e.Tail); failed && words != "" {
		e.said = err.Error() + ": " + words
	}
	return "", e
}

// run starts the program in a process group of its own. When ctx ends, the
// group is interrupted, and killed where that did not help: engines start
// helpers that would otherwise go on unseen.
func (p Program) run(ctx context.Context, env []string, stdin io.Reader, stdout, stderr io.Writer, args ...string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.Path, args...)
	if cmd.Env = slices.Clone(p.Env); p.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	cmd.WaitDelay = outGrace
	err := runGroup(cmd)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// finished returns how a program ended. One that succeeded is finished, even
// where it left a process that holds its output, as helpers with a daemon do.
func finished(cmd *exec.Cmd, err error) error {
	if errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil
	}
	return err
}

// Error tells which command failed, and what it said.
type Error struct {
	program, verb string
	said          string // why, in one line; empty where that is err
	err           error
	// Tail is the end of what the command printed, of Ask on standard error
	// only: at most 4 KiB. Ask's is as it came, not fit to print.
	Tail string
}

func (e *Error) Error() string {
	if e.said != "" {
		return fmt.Sprintf("%s %s: %s", e.program, e.verb, e.said)
	}
	return fmt.Sprintf("%s %s: %v", e.program, e.verb, e.err)
}

// Hint returns the remedy where the failure is a common one.
func (e *Error) Hint() string { return diagnose.Hint(e.Tail) }

// Unwrap returns the error behind.
func (e *Error) Unwrap() error { return e.err }

// ExitCode returns the exit code that err came from, or -1.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// LimitError tells that a command was stopped because it took too long. No
// remedy: the one who set the limit knows what changes it.
type LimitError struct {
	What  string // such as "not finished"
	Limit time.Duration
}

func (e *LimitError) Error() string { return fmt.Sprintf("%s within %s", e.What, e.Limit) }

// Unwrap returns [context.DeadlineExceeded].
func (e *LimitError) Unwrap() error { return context.DeadlineExceeded }

// verb is the part of a command line that tells what was tried.
func verb(args []string) string {
	n := 0
	for n < len(args) && n < 2 && !strings.HasPrefix(args[n], "-") {
		n++
	}
	if n == 2 && args[0] != "image" && args[0] != "buildx" {
		n = 1
	}
	return strings.Join(args[:n], " ")
}

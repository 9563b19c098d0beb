package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/internal/userdir"
)

// Machine is what logins depend on. [Host] is the one that the program runs on.
type Machine struct {
	GOOS    string
	UID     int
	Home    string // of the user; empty: none
	TempDir string
	Getenv  func(name string) string
	// ReadFile returns a file whole, without waiting for anything.
	ReadFile func(path string) ([]byte, error)
	// OwnDir reports whether a directory is the user's, and only the user may
	// write to it.
	OwnDir func(path string) bool
	// HasProgram reports whether a program is in PATH.
	HasProgram func(name string) bool
	// RunHelper runs "PROGRAM get" with the host as its standard input, until
	// it has ended or ctx has, and returns its standard output, also when it
	// fails. The error is an [exec.ErrNotFound] where there is no such program.
	RunHelper func(ctx context.Context, program, host string) ([]byte, error)
}

// Host returns the machine that the program runs on.
func Host() Machine {
	return Machine{
		GOOS: runtime.GOOS, UID: os.Getuid(), Home: userdir.Home(), TempDir: os.TempDir(),
		Getenv: os.Getenv, ReadFile: smallfile.Read, OwnDir: ownDir, RunHelper: runHelper,
		HasProgram: func(name string) bool {
			_, err := exec.LookPath(name)
			return err == nil
		},
	}
}

// leftoverWait is how long a helper's output is read on after the helper has
// ended, because a process that it left behind holds it.
const leftoverWait = 100 * time.Millisecond

func runHelper(ctx context.Context, program, host string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, "get")
	ownGroup(cmd)
	cmd.WaitDelay = leftoverWait
	cmd.Stdin = strings.NewReader(host)
	var out limited
	cmd.Stdout = &out
	err := cmd.Run()
	switch {
	case out.over:
		err = fmt.Errorf("its answer is larger than %d MiB", smallfile.MaxSize>>20)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // the helper itself has succeeded
	}
	return out.buf, err
}

// limited keeps as much as a small file has, and then refuses more.
type limited struct {
	buf  []byte
	over bool
}

func (l *limited) Write(b []byte) (int, error) {
	if len(l.buf)+len(b) > smallfile.MaxSize {
		l.over = true
		return 0, io.ErrShortWrite
	}
	l.buf = append(l.buf, b...)
	return len(b), nil
}

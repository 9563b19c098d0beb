package signature

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/vessux/openlock/internal/owned"
)

// unsafeError tells that another user could exchange what the verification
// relies on.
type unsafeError struct {
	what string
	hint string
	err  error
}

func (e *unsafeError) Error() string { return fmt.Sprintf("%s is not safe to use: %v", e.what, e.err) }
func (e *unsafeError) Hint() string  { return e.hint }
func (e *unsafeError) Unwrap() error { return e.err }

func hintOf(err error) string {
	if e := new(unsafeError); errors.As(err, &e) {
		return e.Hint()
	}
	return ""
}

// find returns the path of the program, without symbolic links. It looks beside
// this program first: a release's two programs belong together. A program that
// another user could have written is refused, and not passed over.
func find() (string, error) {
	path, err := lookUp()
	if err != nil {
		return "", err
	}
	safe, err := owned.Path(path)
	if err != nil {
		return "", &unsafeError{
			what: path, err: err,
			hint: "put " + ProgramName + " into a directory that only root or you can write to, or take the write permission from others: chmod go-w",
		}
	}
	return safe, nil
}

func lookUp() (string, error) {
	name := ProgramName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name))
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	path, err := exec.LookPath(name)
	switch {
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("%s was found by a relative entry of PATH only", path)
	case err != nil:
		return "", fmt.Errorf("the program %s is not installed", ProgramName)
	}
	return path, nil
}

// temporary makes a private directory for the policy's files. Where others can
// exchange it, the program would read another policy.
func temporary() (string, error) {
	dir, err := os.MkdirTemp("", "openlock-verify-")
	if err != nil {
		return "", err
	}
	safe, err := owned.Path(dir)
	if err != nil {
		os.Remove(dir)
		return "", &unsafeError{what: "the directory for temporary files", err: err, hint: "set TMPDIR to a directory that only root or you can write to, or that is sticky like /tmp"}
	}
	return safe, nil
}

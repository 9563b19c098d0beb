package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/vessux/openlock/tools/lab"
)

// Test runs lint and then every test, real parts included, with the race
// detector on, and shows which were skipped and why.
func Test(ctx context.Context, out io.Writer) error {
	lintErr := Lint(ctx, out)
	root, err := lab.Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-race", "-json", "-timeout", "25m", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // the race detector's condition
	cmd.Stderr = out
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s := summary{out: out}
	readErr := s.read(events)
	testErr := cmd.Wait()
	s.end()
	if testErr != nil {
		testErr = fmt.Errorf("go test: %w", testErr)
	}
	return errors.Join(lintErr, readErr, testErr)
}

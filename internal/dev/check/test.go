package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/vessux/openlock/internal/lab"
)

// Test runs lint and then every test, real parts included, with the race
// detector on, and shows which were skipped and why.
func Test(ctx context.Context, out io.Writer) error {
	lintErr := Lint(ctx, out)
	root, err := lab.Root()
	if err != nil {
		return err
	}
	s := summary{out: out}
	failed := []error{lintErr}
	for _, module := range modules {
		failed = append(failed, testModule(ctx, filepath.Join(root, filepath.FromSlash(module)), &s))
	}
	s.end()
	return errors.Join(failed...)
}

// modules are the directories of this repository's own modules, from its root.
var modules = []string{".", lab.VerifyModule}

func testModule(ctx context.Context, dir string, s *summary) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-race", "-json", "-timeout", "25m", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // the race detector's condition
	cmd.Stderr = s.out
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := s.read(events)
	testErr := cmd.Wait()
	if testErr != nil {
		testErr = fmt.Errorf("go test: %w", testErr)
	}
	return errors.Join(readErr, testErr)
}

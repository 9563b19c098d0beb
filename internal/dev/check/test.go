package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

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
		// cgo is the race detector's condition.
		failed = append(failed, testModule(ctx, filepath.Join(root, filepath.FromSlash(module)), &s, []string{"CGO_ENABLED=1"}, "-race"))
	}
	s.end()
	return errors.Join(failed...)
}

// Quick runs gofmt, go vet and the tests that need no engine: it tells within a
// minute whether a change is worth the time of [Test].
func Quick(ctx context.Context, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	failed := []error{runSteps(ctx, root, out, slices.Concat([]step{gofmt}, vets()))}
	s := summary{out: out, brief: true}
	for _, module := range modules {
		failed = append(failed, testModule(ctx, filepath.Join(root, filepath.FromSlash(module)), &s, nil, "-short"))
	}
	s.end()
	return errors.Join(failed...)
}

// modules are the directories of this repository's own modules, from its root.
var modules = []string{".", lab.VerifyModule}

// sideBySide is how many tests of a package run at once, of those that may:
// they wait for engines and registries most of the time.
const sideBySide = "8"

// testModule runs the tests of the module in dir, with more environment and
// flags of go test.
func testModule(ctx context.Context, dir string, s *summary, env []string, flags ...string) error {
	args := append([]string{"test", "-json", "-timeout", "25m", "-parallel", sideBySide}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./...")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
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

// Decisions proves the table of decisions on real parts, measures the script
// beside it, and writes docs/decisions.md: all of it flags of the table's test.
func Decisions(ctx context.Context, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout", "1h", "-v", "./internal/decisions", "-measure", "-update")
	cmd.Dir = root
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

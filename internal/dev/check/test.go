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

// Test runs lint and, beside it, every test, real parts included, with the race
// detector on, and shows which were skipped and why.
func Test(ctx context.Context, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	// Dependencies are compiled once, with the race detector, for the tests and
	// for the checks that read them. Cgo is the race detector's condition.
	race := []string{"CGO_ENABLED=1", "GOFLAGS=-race"}
	linted := make(chan error, 1)
	go func() { linted <- lint(ctx, out, race...) }()
	s := summary{out: out}
	var failed []error
	for _, module := range modules {
		failed = append(failed, testModule(ctx, filepath.Join(root, filepath.FromSlash(module)), &s, []string{"CGO_ENABLED=1"}, "-race"))
	}
	failed = append(failed, <-linted)
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

// slowest are the packages whose tests take minutes, the slowest first. The go
// command starts packages in the order in which they are given, so that none of
// these is left for the end, when nothing else runs beside it.
var slowest = []string{"./sandbox/base", "./tools/openlock", "./internal/decisions", "./sandbox/builder"}

// modules are the directories of this repository's own modules, from its root.
var modules = []string{".", lab.VerifyModule}

// Tests wait for engines and registries most of the time, so more of them run
// at once than a machine has processors.
const (
	packagesAtOnce = "4"
	testsAtOnce    = "8" // of a package, of those that may
)

// testModule runs the tests of the module in dir, with more environment and
// flags of go test.
func testModule(ctx context.Context, dir string, s *summary, env []string, flags ...string) error {
	args := append([]string{"test", "-json", "-timeout", "25m", "-p", packagesAtOnce, "-parallel", testsAtOnce}, flags...)
	for _, p := range slowest {
		if _, err := os.Stat(filepath.Join(dir, p)); err == nil {
			args = append(args, p)
		}
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./...")...)
	cmd.Dir = dir
	// A test says itself where it is to be part of a workflow.
	cmd.Env = append(append(os.Environ(), "GITHUB_ACTIONS="), env...)
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

package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/dev/release"
	"github.com/vessux/openlock/internal/lab"
)

// step is one check: it passes when its command succeeds, and prints nothing
// where that is asked for.
type step struct {
	name   string
	dir    string // from the root of the repository
	env    []string
	silent bool // any output is a finding
	// unless is what the output holds where the check could not be made, for
	// want of something on the internet; empty: it always can. On GitHub, where
	// all of that is in reach, it fails like any other.
	unless string
	args   []string
}

// noDatabase is what govulncheck says without its database, which is on the
// internet.
const noDatabase = "fetching vulnerabilities:"

// Lint runs every check that needs no test and names all that fail.
func Lint(ctx context.Context, out io.Writer) error { return lint(ctx, out) }

// lint is [Lint] with more environment.
func lint(ctx context.Context, out io.Writer, more ...string) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	steps := append([]step{
		gofmt,
		{name: "lint:containerfile", args: []string{"go", "test", "-count=1", "-run", "TestOurOwn", "./sandbox/lint"}},
	}, vets()...)
	for _, m := range modules {
		steps = append(steps,
			step{name: "go mod tidy in " + m, dir: m, args: []string{"go", "mod", "tidy", "-diff"}},
			step{name: "go mod verify in " + m, dir: m, args: []string{"go", "mod", "verify"}},
		)
	}
	for _, l := range []struct {
		part   lab.Part
		dir    string
		args   []string
		unless string
	}{
		{lab.Actionlint, "", nil, ""},
		{lab.Staticcheck, "", []string{"./..."}, ""},
		{lab.Staticcheck, lab.VerifyModule, []string{"./..."}, ""},
		{lab.Govulncheck, "", []string{"./..."}, noDatabase},
		{lab.Govulncheck, lab.VerifyModule, []string{"./..."}, noDatabase},
	} {
		path, err := l.part.Find()
		if err != nil && inCI() {
			return err
		}
		if err != nil {
			fmt.Fprintf(out, "SKIP %s: %v\n", l.part.Name, err)
			continue
		}
		steps = append(steps, step{name: strings.TrimSuffix(l.part.Name+" in "+l.dir, " in "), dir: l.dir, unless: l.unless, args: append([]string{path}, l.args...)})
	}
	var vetted []string
	for _, t := range release.Targets {
		goos, arch, _ := strings.Cut(t, "/")
		// As releases are built, so that what is compiled for one serves both.
		env := []string{"GOOS=" + goos, "GOARCH=" + arch, "CGO_ENABLED=0", "GOFLAGS=-trimpath"}
		steps = append(steps, step{name: "build for " + t, env: env, args: []string{"go", "build", "-o", os.DevNull, "./tools/openlock"}})
		if goos != runtime.GOOS && !slices.Contains(vetted, goos) {
			// vet reads the tests and the other packages too, which the build leaves out.
			vetted = append(vetted, goos)
			steps = append(steps, step{name: "vet for " + t, env: env, args: []string{"go", "vet", "./..."}})
		}
	}
	for i := range steps {
		steps[i].env = slices.Concat(more, steps[i].env)
	}
	return runSteps(ctx, root, out, steps)
}

var gofmt = step{name: "gofmt", silent: true, args: []string{"gofmt", "-l", "magefile.go", "internal", "magefiles", "sandbox", "tools"}}

// vets are go vet in every module, and on the targets.
func vets() []step {
	all := []step{{name: "go vet -tags mage", args: []string{"go", "vet", "-tags", "mage", "./..."}}}
	for _, m := range modules {
		all = append(all, step{name: "go vet in " + m, dir: m, args: []string{"go", "vet", "./..."}})
	}
	return all
}

// runSteps runs every step and names all that fail.
func runSteps(ctx context.Context, root string, out io.Writer, steps []step) error {
	var failed []error
	for _, s := range steps {
		if err := s.run(ctx, root, out); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func inCI() bool { return os.Getenv("CI") == "true" }

func onGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }

func (s step) run(ctx context.Context, root string, out io.Writer) error {
	start := time.Now()
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(s.dir))
	cmd.Env = append(os.Environ(), s.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if err == nil && s.silent && said.Len() > 0 {
		err = errors.New("it has findings")
	}
	if err != nil && s.unless != "" && !onGitHub() && strings.Contains(said.String(), s.unless) {
		fmt.Fprintf(out, "SKIP %s: not run: %s\n", s.name, strings.TrimSpace(said.String()))
		return nil
	}
	if err != nil {
		fmt.Fprintf(out, "FAIL %s\n%s", s.name, said.Bytes())
		return fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(out, "ok   %s (%s)\n", s.name, time.Since(start).Round(100*time.Millisecond))
	return nil
}

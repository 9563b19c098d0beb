package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/tools/lab"
	"github.com/vessux/openlock/tools/release"
)

// step is one check: it passes when its command succeeds, and prints nothing
// where that is asked for.
type step struct {
	name   string
	env    []string
	silent bool // any output is a finding
	// unless is what the output holds where the check could not be made, for
	// want of something that is not this repository's; empty: it always can.
	unless string
	args   []string
}

// Lint runs every check that needs no test and names all that fail.
func Lint(ctx context.Context, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	steps := []step{
		{name: "gofmt", silent: true, args: []string{"gofmt", "-l", "magefile.go", "magefiles", "sandbox", "tools"}},
		{name: "go mod tidy", args: []string{"go", "mod", "tidy", "-diff"}},
		{name: "go mod verify", args: []string{"go", "mod", "verify"}},
		{name: "lint:containerfile", args: []string{"go", "test", "-count=1", "-run", "TestOurOwn", "./sandbox/lint"}},
		{name: "go vet", args: []string{"go", "vet", "./..."}},
		{name: "go vet -tags mage", args: []string{"go", "vet", "-tags", "mage", "./..."}},
	}
	for _, l := range []struct {
		part   lab.Part
		args   []string
		unless string
	}{
		{lab.Staticcheck, []string{"./..."}, ""}, {lab.Actionlint, nil, ""},
		{lab.Govulncheck, []string{"./..."}, "fetching vulnerabilities:"}, // its database is on the internet
	} {
		path, err := l.part.Find()
		if err != nil && inCI() {
			return err
		}
		if err != nil {
			fmt.Fprintf(out, "SKIP %s: %v\n", l.part.Name, err)
			continue
		}
		steps = append(steps, step{name: l.part.Name, unless: l.unless, args: append([]string{path}, l.args...)})
	}
	var vetted []string
	for _, t := range release.Targets {
		goos, arch, _ := strings.Cut(t, "/")
		env := []string{"GOOS=" + goos, "GOARCH=" + arch, "CGO_ENABLED=0"}
		steps = append(steps, step{name: "build for " + t, env: env, args: []string{"go", "build", "-o", os.DevNull, "./tools/openlock"}})
		if goos != runtime.GOOS && !slices.Contains(vetted, goos) {
			// vet reads the tests and the other packages too, which the build leaves out.
			vetted = append(vetted, goos)
			steps = append(steps, step{name: "vet for " + t, env: env, args: []string{"go", "vet", "./..."}})
		}
	}
	var failed []error
	for _, s := range steps {
		if err := s.run(ctx, root, out); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func inCI() bool { return os.Getenv("CI") == "true" }

func (s step) run(ctx context.Context, root string, out io.Writer) error {
	start := time.Now()
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), s.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if err == nil && s.silent && said.Len() > 0 {
		err = errors.New("it has findings")
	}
	if err != nil && s.unless != "" && strings.Contains(said.String(), s.unless) {
		fmt.Fprintf(out, "SKIP %s: %s\n", s.name, strings.TrimSpace(said.String()))
		return nil
	}
	if err != nil {
		fmt.Fprintf(out, "FAIL %s\n%s", s.name, said.Bytes())
		return fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(out, "ok   %s (%s)\n", s.name, time.Since(start).Round(100*time.Millisecond))
	return nil
}

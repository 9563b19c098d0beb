package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/lab"
)

// Fuzz runs every fuzz target for a time, one after the other. What it finds
// is left as a seed in the package's testdata/fuzz.
func Fuzz(ctx context.Context, each time.Duration, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range modules {
		failed = append(failed, fuzzModule(ctx, filepath.Join(root, filepath.FromSlash(m)), each, out))
	}
	return errors.Join(failed...)
}

func fuzzModule(ctx context.Context, dir string, each time.Duration, out io.Writer) error {
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.ImportPath}}", "./...")
	list.Dir = dir
	packages, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	var failed []error
	for _, p := range strings.Fields(string(packages)) {
		targets, err := fuzzTargets(ctx, dir, p)
		if err != nil {
			return err
		}
		for _, f := range targets {
			fmt.Fprintf(out, "%s %s for %s\n", p, f, each)
			cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+f+"$", "-fuzztime", each.String(), p)
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
			cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
			if err := cmd.Run(); err != nil {
				failed = append(failed, fmt.Errorf("%s %s: %w", p, f, err))
			}
		}
	}
	return errors.Join(failed...)
}

// fuzzTargets lists the fuzz targets of a package.
func fuzzTargets(ctx context.Context, dir, pkg string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-list", "^Fuzz", pkg)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list %s: %w\n%s", pkg, err, out)
	}
	var targets []string
	for _, line := range strings.Fields(string(out)) {
		if strings.HasPrefix(line, "Fuzz") {
			targets = append(targets, line)
		}
	}
	return targets, nil
}

// Package mutate measures the tests: it has gremlins change one operator of the
// code at a time, and counts how many changes make a test fail.
//
// Tests that use real parts of the lab are left out, with -short. Mutations
// that no test has to see are in accepted.json, each with its reason.
package mutate

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// least is the lowest score that passes, in percent.
const least = 85

// Packages are the patterns of the packages that are measured.
var Packages = []string{"./sandbox/...", "./internal/cli/..."}

//go:embed accepted.json
var acceptedText []byte

// acceptedSurvivors reads accepted.json, and refuses an entry without reason.
func acceptedSurvivors(text []byte) ([]survivor, error) {
	var all []survivor
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("accepted.json: %w", err)
	}
	for _, s := range all {
		if s.File == "" || s.Type == "" || s.Line == "" || s.Reason == "" {
			return nil, fmt.Errorf("accepted.json: an entry lacks File, Type, Line or Reason: %+v", s)
		}
	}
	return all, nil
}

// Run measures the packages that the patterns name, one after the other, and
// prints the score of each. It is an error where that of all is below 85 %.
func Run(ctx context.Context, out io.Writer, patterns ...string) error {
	accepted, err := acceptedSurvivors(acceptedText)
	if err != nil {
		return err
	}
	root, err := lab.Root()
	if err != nil {
		return err
	}
	gremlins, err := build(ctx, root, out)
	if err != nil {
		return err
	}
	dirs, err := directories(ctx, root, patterns)
	if err != nil {
		return err
	}
	var total score
	for _, dir := range dirs {
		s, err := measure(ctx, root, gremlins, dir, accepted)
		if err != nil {
			return err
		}
		for _, m := range s.alive {
			fmt.Fprintln(out, m)
		}
		fmt.Fprintf(out, "%-20s %s\n", dir, s)
		total.add(s)
	}
	fmt.Fprintf(out, "%-20s %s\n", "all", total)
	if total.percent() < least {
		return fmt.Errorf("mutation score %.1f %%, want %d %%: test what survived, or accept it with a reason in accepted.json", total.percent(), least)
	}
	return nil
}

// build builds gremlins from its own module, which pins its version. The lab
// does not install it: nothing else uses it.
func build(ctx context.Context, root string, out io.Writer) (string, error) {
	path := filepath.Join(lab.CacheDir(), "gremlins")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/go-gremlins/gremlins/cmd/gremlins")
	cmd.Dir = filepath.Join(root, "internal", "lab", "parts", "gremlins")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build gremlins: %w", err)
	}
	return path, nil
}

// directories lists those of the packages, from root, with slashes.
func directories(ctx context.Context, root string, patterns []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-f", "{{.Dir}}"}, patterns...)...)
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", strings.Join(patterns, " "), err)
	}
	var dirs []string
	for dir := range strings.Lines(string(text)) {
		below, err := filepath.Rel(root, strings.TrimSpace(dir))
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, filepath.ToSlash(below))
	}
	return dirs, nil
}

// measure runs gremlins on one package, without those below it.
func measure(ctx context.Context, root, gremlins, dir string, accepted []survivor) (score, error) {
	temp, err := os.MkdirTemp("", "openlock-mutate-")
	if err != nil {
		return score{}, err
	}
	defer os.RemoveAll(temp)
	result := filepath.Join(temp, "result.json")
	cmd := exec.CommandContext(ctx, gremlins, "unleash", "--workers", "1", "--timeout-coefficient", "10", "--exclude-files", "/", "--output", result, "./"+dir)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -short"))
	said, err := cmd.CombinedOutput()
	if err != nil {
		return score{}, fmt.Errorf("gremlins on %s: %w\n%s", dir, err, said)
	}
	text, err := os.ReadFile(result)
	if errors.Is(err, os.ErrNotExist) {
		return score{}, nil // a package without anything to mutate
	}
	if err != nil {
		return score{}, err
	}
	return count(root, dir, text, accepted)
}

package decisions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// Limit bounds one cell, whatever happens in it. The slowest are those of
// publishing that wait for a silent registry to take something.
const Limit = 3 * time.Minute

// pullTimeout is what a cell lets an engine pull for: long where the pull has
// to succeed, on a machine that is busy with other cells; else shorter than
// podman's own retries, which no test has to wait for.
func pullTimeout(c Cell) string {
	if c.Action == pulled {
		return "1m"
	}
	return "8s"
}

// Seen is what one cell came to.
type Seen struct {
	Cell
	Reason string
	Said   string // all that the program said on standard error
	Took   time.Duration
}

// Run plays one cell: a registry of its own in the case's condition, a home of
// its own, and a program.
func (p Parts) Run(ctx context.Context, c Case, column Column) (*Seen, error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	s, err := newStand(c, column)
	defer s.end()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp(p.Dir, "cell-")
	if err != nil {
		return nil, err
	}
	r := run{Parts: p, stand: s, home: home}
	start := time.Now()
	before := s.tagged()
	seen, err := r.play(ctx, column, c.Want[column])
	if err != nil {
		return nil, err
	}
	seen.Took = time.Since(start)
	if column == Push || column == Release {
		seen.Moved = s.tagged() != before
		seen.After, err = r.after(ctx)
	}
	return seen, errors.Join(err, os.RemoveAll(home))
}

type run struct {
	Parts
	*stand
	home string
}

func (r run) play(ctx context.Context, column Column, want Cell) (*Seen, error) {
	switch column {
	case Probe:
		res, err := sandbox.Exists(ctx, r.base(), nil, registry.Options{Anonymous: true, Access: r.access()})
		if err != nil {
			return nil, err
		}
		return &Seen{Cell: Cell{State: res.State}, Reason: res.Reason}, nil
	case Exists:
		env, err := r.env()
		if err != nil {
			return nil, err
		}
		return r.program(ctx, env, r.Openlock, "exists", "--json")
	case EnsurePodman:
		env, err := r.podmanEnv()
		if err != nil {
			return nil, err
		}
		return r.program(ctx, env, r.Openlock, "ensure", "--json", "--runtime", "podman", "--pull-timeout", pullTimeout(want))
	case EnsureDocker:
		return r.program(ctx, r.Docker.Env, r.Openlock, "ensure", "--json", "--runtime", "docker", "--pull-timeout", pullTimeout(want))
	case Push:
		env, err := r.podmanEnv()
		if err != nil {
			return nil, err
		}
		return r.program(ctx, env, r.Mage, "push", "-json", "-runtime=podman")
	case Release:
		return r.program(ctx, r.Builder.Env, r.Mage, "release:base", "-json", "-runtime=docker")
	}
	return nil, fmt.Errorf("no column %q", column)
}

// podmanEnv is podman's own environment, with this registry as one that speaks
// plain HTTP.
func (r run) podmanEnv() ([]string, error) {
	conf, err := r.Podman.Registries(r.home, r.host)
	return append(append([]string{}, r.Podman.Env...), conf), err
}

// program runs a program as a user would, and reads its exit code and JSON.
func (r run) program(ctx context.Context, env []string, path string, args ...string) (*Seen, error) {
	file := filepath.Join(r.home, "base.Containerfile")
	if err := os.WriteFile(file, r.file, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = r.home
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.home, "TMPDIR=" + r.home,
		"OPENLOCK_BASE_CONTAINERFILE=" + file, "OPENLOCK_BASE_REPOSITORY=" + r.base().Repository,
	}, env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("not finished within %s: %w\n%s", Limit, err, said.Bytes())
	}
	seen := &Seen{Cell: Cell{Exit: cmd.ProcessState.ExitCode()}, Said: said.String()}
	if out.Len() == 0 {
		return seen, nil
	}
	var told struct{ State, Source, Outcome, Reason string }
	if err := json.Unmarshal(out.Bytes(), &told); err != nil {
		return nil, fmt.Errorf("%w: %q", err, out.Bytes())
	}
	seen.State, seen.Action, seen.Reason = registry.State(told.State), told.Source+told.Outcome, told.Reason
	return seen, nil
}

// after looks at what is under the tag once nothing is in the way any more.
func (r run) after(ctx context.Context) (registry.State, error) {
	r.real.Wrap(nil)
	b := r.base()
	b.Repository = r.ref().Repository
	res, err := sandbox.Exists(ctx, b, nil, registry.Options{Anonymous: true})
	if err != nil {
		return "", err
	}
	return res.State, nil
}

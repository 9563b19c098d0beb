// Package demo plays the life of a base image on this machine: published,
// pulled, found, and built when the registry is gone. The engine, the
// registries and the host binary are real; no account and no outside registry
// is needed, and nothing is left behind.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/lab"
)

// Run plays the demo with the first engine that answers, or the one that
// OPENLOCK_RUNTIME names, and writes what happened to out.
func Run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "openlock-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	s := &stage{out: out, dir: dir, base: lab.StartRegistry(), upstream: lab.StartRegistry()}
	defer s.upstream.Close()
	defer s.base.Close()
	if s.engine, err = findEngine(ctx, dir, s.base.Host(), s.upstream.Host()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.engine.close(context.WithoutCancel(ctx))) }()
	fmt.Fprintf(out, "engine    %s\nregistry  %s, with nothing in it\n\n", s.engine.name, s.base.Host())
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.play(ctx); err != nil {
		return err
	}
	return s.table()
}

// stage is all that the demo plays on.
type stage struct {
	out      io.Writer
	dir      string
	base     *lab.Registry // where the base image is published
	upstream *lab.Registry // where the base image's own FROM comes from; it stays
	engine   *engine
	openlock string // path of the host binary
	ref      string
	rows     []row
}

// row is one line of the table.
type row struct {
	step, outcome, why string
	took               time.Duration
	requests           int // that the registry got
}

func (s *stage) prepare(ctx context.Context) error {
	var err error
	if s.openlock, err = lab.BuildOpenlock(ctx, s.dir); err != nil {
		return err
	}
	from, err := lab.Seed(ctx, s.upstream.Host())
	if err != nil {
		return err
	}
	s.engine.clean = append(s.engine.clean, from)
	return os.WriteFile(s.containerfile(), lab.Containerfile(from), 0o600)
}

func (s *stage) containerfile() string { return filepath.Join(s.dir, "demo.Containerfile") }

func (s *stage) play(ctx context.Context) error {
	if err := s.publish(ctx); err != nil {
		return err
	}
	for _, scene := range []struct {
		step   string
		before func() error
		want   string
	}{
		{"empty store", func() error { return s.engine.remove(ctx, s.ref) }, "pulled"},
		{"again", nil, "local"},
		{"registry gone, empty store", func() error { s.base.Close(); return s.engine.remove(ctx, s.ref) }, "built"},
	} {
		if scene.before != nil {
			if err := scene.before(); err != nil {
				return err
			}
		}
		got, err := s.ensure(ctx, scene.step)
		if err != nil {
			return err
		}
		if got.Source != scene.want {
			return fmt.Errorf("%s: ensure says %s (%s), want %s", scene.step, got.Source, got.Reason, scene.want)
		}
	}
	start := time.Now()
	said, err := s.engine.run(ctx, "run", "--rm", "--network", "host", s.ref, "print", "the image runs")
	s.add(row{step: "run it", outcome: "ran", why: said, took: time.Since(start)})
	return err
}

// publish builds the image and pushes it with the engine.
func (s *stage) publish(ctx context.Context) error {
	start := time.Now()
	var built cli.EnsureJSON
	if err := s.call(ctx, &built, "build"); err != nil {
		return err
	}
	s.ref = built.Ref
	s.engine.clean = append(s.engine.clean, s.ref)
	if _, err := s.engine.run(ctx, "push", s.ref); err != nil {
		return err
	}
	var there cli.ExistsJSON
	if err := s.call(ctx, &there, "exists", "--platform", "linux/"+runtime.GOARCH); err != nil {
		return err
	}
	s.add(row{step: "build and push", outcome: there.State, why: there.Reason, took: time.Since(start), requests: len(s.base.Requests())})
	return nil
}

func (s *stage) ensure(ctx context.Context, step string) (cli.EnsureJSON, error) {
	var got cli.EnsureJSON
	s.base.Forget()
	start := time.Now()
	if err := s.call(ctx, &got, "ensure"); err != nil {
		return got, fmt.Errorf("%s: %w", step, err)
	}
	s.add(row{step: step, outcome: got.Source, why: got.Reason, took: time.Since(start), requests: len(s.base.Requests())})
	return got, nil
}

// call runs the host binary and reads its JSON.
func (s *stage) call(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, s.openlock, append(args, "--json", "--containerfile", s.containerfile(), "--repository", s.base.Host()+"/openlock-demo")...)
	cmd.Env = append(os.Environ(), s.engine.env...)
	cmd.Env = append(cmd.Env, "OPENLOCK_RUNTIME="+s.engine.name, "XDG_CACHE_HOME="+filepath.Join(s.dir, "cache"))
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	b, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("openlock %s: %w\n%s", args[0], err, said.Bytes())
	}
	return json.Unmarshal(b, into)
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/lab"
	sandboxengine "github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
)

// engine is the engine of the demo: podman in a store of the demo's own, or
// the docker daemon that is there, where the demo's images have names of their
// own and are removed at the end.
type engine struct {
	name  string
	env   []string
	clean []string // refs to remove at the end
	end   func() error
}

func findEngine(ctx context.Context, dir string, registries ...string) (*engine, error) {
	found, err := engines.Find(os.Getenv("OPENLOCK_RUNTIME"), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: get one with `go run magefile.go setup`", err)
	}
	first, down, err := engines.First(found, func(e sandboxengine.Engine) error {
		// Any answer will do, and that it has no such image is one.
		if _, err := e.Inspect(ctx, "openlock-demo:none"); !errors.Is(err, sandboxengine.ErrNotFound) {
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case first == nil:
		return nil, errors.Join(down...)
	}
	e := &engine{name: first.Name(), end: func() error { return nil }}
	if e.name == lab.Podman.Name {
		p, err := lab.NewPodman(filepath.Join(dir, "podman"), registries...)
		if err != nil {
			return nil, err
		}
		e.env, e.end = p.Env, p.Close
	}
	return e, nil
}

func (e *engine) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.name, args...)
	cmd.Env = append(os.Environ(), e.env...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", e.name, args[0], err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// remove takes the ref and every other name from its image.
func (e *engine) remove(ctx context.Context, ref string) error {
	id, err := e.run(ctx, "image", "inspect", "--format", "{{.Id}}", ref)
	if err != nil {
		return err
	}
	_, err = e.run(ctx, "rmi", "--force", id)
	return err
}

func (e *engine) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, ref := range e.clean {
		_ = e.remove(ctx, ref) // it may be gone already, or never have come
	}
	return e.end()
}

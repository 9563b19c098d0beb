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
	found, err := sandboxengine.Find(os.Getenv("OPENLOCK_RUNTIME"), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: get one with `go run magefile.go setup`", err)
	}
	var down []error
	for _, f := range found {
		// Any answer will do, and that it has no such image is one.
		_, err := f.Inspect(ctx, "openlock-demo:none")
		if err != nil && !errors.Is(err, sandboxengine.ErrNotFound) {
			down = append(down, err)
			continue
		}
		e := &engine{name: f.Name(), end: func() error { return nil }}
		if f.Name() == sandboxengine.PodmanName {
			p, err := lab.NewPodman(filepath.Join(dir, "podman"), registries...)
			if err != nil {
				return nil, err
			}
			e.env, e.end = p.Env, p.Close
		}
		return e, nil
	}
	return nil, errors.Join(down...)
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

// Package third is an engine that keeps what images say of themselves in a
// file, and cannot build. It shows what it takes to add one: this file, and the
// row third.Driver in the table of package engines.
package third

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// Driver opens the engine whose store is beside its program.
var Driver = driver.Driver{Name: "third", Open: func(p process.Program) engine.Engine { return New(filepath.Dir(p.Path)) }}

// Engine has its store in a directory; where that is missing, it is down.
type Engine struct {
	dir string
	mu  sync.Mutex
}

// New returns the engine of a directory.
func New(dir string) *Engine { return &Engine{dir: dir} }

func (*Engine) Name() string    { return "third" }
func (e *Engine) Store() string { return "third\x00" + e.dir }

// images returns the images by ref and by ID.
func (e *Engine) images(ctx context.Context) (map[string]*engine.Image, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if _, err := os.Stat(e.dir); err != nil {
		return nil, &engine.UnavailableError{Engine: "third", Reason: err.Error(), Remedy: "make the directory", Err: err}
	}
	images := map[string]*engine.Image{}
	text, err := os.ReadFile(filepath.Join(e.dir, "images.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return images, nil
	}
	return images, errors.Join(err, json.Unmarshal(text, &images))
}

// change changes the images.
func (e *Engine) change(ctx context.Context, do func(images map[string]*engine.Image) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	images, err := e.images(ctx)
	if err != nil {
		return err
	}
	if err := do(images); err != nil {
		return err
	}
	text, err := json.Marshal(images)
	return errors.Join(err, os.WriteFile(filepath.Join(e.dir, "images.json"), text, 0o600))
}

func (e *Engine) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	images, err := e.images(ctx)
	if err != nil {
		return nil, err
	}
	if i, ok := images[ref]; ok {
		return i, nil
	}
	return nil, engine.ErrNotFound
}

func (e *Engine) Pull(ctx context.Context, ref, platform string, _ engine.PullOptions) error {
	from, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	want, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
	return e.change(ctx, func(images map[string]*engine.Image) error {
		image, err := remote.Image(from, remote.WithContext(ctx), remote.WithPlatform(*want))
		if err != nil {
			return err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return err
		}
		id, err := image.ConfigName()
		if err != nil {
			return err
		}
		i := &engine.Image{ID: id.String(), Platform: config.Platform().String(), Labels: config.Config.Labels, Digests: []string{ref}}
		images[ref], images[i.ID] = i, i
		return nil
	})
}

func (e *Engine) Tag(ctx context.Context, image, ref string) error {
	return e.change(ctx, func(images map[string]*engine.Image) error {
		i, ok := images[image]
		if !ok {
			return engine.ErrNotFound
		}
		images[ref] = i
		return nil
	})
}

func (e *Engine) Remove(ctx context.Context, ref string) error {
	return e.change(ctx, func(images map[string]*engine.Image) error {
		i, ok := images[ref]
		if !ok {
			return engine.ErrNotFound
		}
		delete(images, ref)
		for name, other := range images { // the ID goes with the last name
			if name != i.ID && other.ID == i.ID {
				return nil
			}
		}
		delete(images, i.ID)
		return nil
	})
}

package enginetest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/vessux/openlock/sandbox/engine"
)

// pullable is the one image that [sound] can pull.
const (
	pullable         = "localhost/enginetest/published@sha256:c0ffee"
	pullablePlatform = "linux/arm64"
)

// sound is an engine in memory that keeps every promise; package tests break
// one each.
type sound struct {
	mu    sync.Mutex
	names map[string]string // IDs by ref
	byID  map[string]engine.Image
	built int
}

func newSound() *sound {
	return &sound{names: map[string]string{}, byID: map[string]engine.Image{}}
}

func (*sound) Name() string  { return "sound" }
func (*sound) Store() string { return "memory" }

func (*sound) Describe(context.Context) (string, bool, error) { return pullablePlatform, false, nil }

func (e *sound) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id, named := e.names[ref]
	if !named {
		id = ref
	}
	image, ok := e.byID[id]
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return nil, cause
	case !ok:
		return nil, engine.ErrNotFound
	}
	return &image, nil
}

func (e *sound) Pull(ctx context.Context, ref, platform string, _ engine.PullOptions) error {
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case ref != pullable || platform != pullablePlatform:
		return errors.New("the registry has no such image")
	}
	e.put(engine.Image{ID: "pulled", Platform: platform, Labels: map[string]string{"a": "b"}, Digests: []string{ref}}, ref)
	return nil
}

// put stores an image, with a name unless that is empty.
func (e *sound) put(image engine.Image, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byID[image.ID] = image
	if name != "" {
		e.names[name] = image.ID
	}
}

func (e *sound) Tag(ctx context.Context, image, ref string) error {
	i, err := e.Inspect(ctx, image)
	if err == nil {
		e.put(*i, ref)
	}
	return err
}

func (e *sound) Remove(ctx context.Context, ref string) error {
	i, err := e.Inspect(ctx, ref)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.names, ref)
	if !slices.Contains(slices.Collect(maps.Values(e.names)), i.ID) {
		delete(e.byID, i.ID)
	}
	return nil
}

func (e *sound) Build(ctx context.Context, b engine.BuildRequest) (string, error) {
	if cause := context.Cause(ctx); cause != nil {
		return "", cause
	}
	if !bytes.HasPrefix(b.Containerfile, []byte("FROM ")) {
		return "", errors.New("no FROM")
	}
	e.mu.Lock()
	e.built++
	id := "built " + strconv.Itoa(e.built)
	e.mu.Unlock()
	e.put(engine.Image{ID: id, Platform: b.Platform, Labels: b.Labels}, b.Name)
	return id, nil
}

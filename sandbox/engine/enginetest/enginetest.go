// Package enginetest holds what every container engine has to do. The author of
// an [engine.Engine] runs it in a test:
//
//	enginetest.Run(t, enginetest.Fixture{Engine: mine, Image: "127.0.0.1:5000/base@sha256:…", …})
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/engine"
)

// Fixture is an engine with an empty store, and an image that it can pull.
type Fixture struct {
	Engine engine.Engine
	// Image is what is pulled, repository@sha256:…, and Platform its platform,
	// os/arch.
	Image, Platform string
	// Labels are those that the image has at least.
	Labels map[string]string
	// Containerfile is what is built, where the engine is an [engine.Builder].
	Containerfile []byte
	// Broken is the same engine where it does not answer; nil: not tested.
	Broken engine.Engine
}

// Run runs the suite. What it stores has names that begin with
// localhost/enginetest and is removed at the end, the image pulled included.
func Run(t *testing.T, f Fixture) {
	t.Run("missing", f.missing)
	t.Run("pull", f.pull)
	t.Run("tag and remove", f.tagAndRemove)
	if b, can := f.Engine.(engine.Builder); can {
		t.Run("build", func(t *testing.T) { f.build(t, b) })
	}
	if d, can := f.Engine.(engine.Describer); can {
		t.Run("describe", func(t *testing.T) { describe(t, d) })
	}
	t.Run("interrupted", f.interrupted)
	t.Run("many questions at once", f.many)
	if f.Broken != nil {
		t.Run("broken", f.broken)
	}
}

const (
	missing = "localhost/enginetest/missing:none"
	first   = "localhost/enginetest/image:first"
	second  = "localhost/enginetest/image:second"
)

// missing: an image that the store does not have is just that.
func (f Fixture) missing(t *testing.T) {
	if _, err := f.Engine.Inspect(t.Context(), missing); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Inspect of a missing image: %v, want ErrNotFound", err)
	}
	if f.Engine.Name() == "" || f.Engine.Store() == "" {
		t.Errorf("the engine is called %q and its store %q", f.Engine.Name(), f.Engine.Store())
	}
}

// pull: what was pulled by a digest is found by it, as it was published.
func (f Fixture) pull(t *testing.T) {
	image := f.pulled(t)
	if image.ID == "" || image.Platform != f.Platform {
		t.Errorf("pulled: ID %q, platform %q, want %s", image.ID, image.Platform, f.Platform)
	}
	for k, v := range f.Labels {
		if image.Labels[k] != v {
			t.Errorf("label %s is %q, want %q", k, image.Labels[k], v)
		}
	}
	_, digest, _ := strings.Cut(f.Image, "@")
	if !slices.ContainsFunc(image.Digests, func(d string) bool { return strings.HasSuffix(d, "@"+digest) }) {
		t.Errorf("the image is known by %q, and not by %s", image.Digests, digest)
	}
	if err := f.Engine.Pull(t.Context(), strings.Replace(f.Image, "@sha256:", "@sha256:0000", 1)[:len(f.Image)], f.Platform, engine.PullOptions{}); err == nil {
		t.Error("a pull of a digest that the registry does not have succeeds")
	}
}

// pulled pulls the image for a test.
func (f Fixture) pulled(t *testing.T) *engine.Image {
	t.Helper()
	if err := f.Engine.Pull(t.Context(), f.Image, f.Platform, engine.PullOptions{IgnoreLogins: true}); err != nil {
		t.Fatal(err)
	}
	image, err := f.Engine.Inspect(t.Context(), f.Image)
	if err != nil {
		t.Fatalf("Inspect of what was pulled: %v", err)
	}
	t.Cleanup(func() { f.Engine.Remove(context.WithoutCancel(t.Context()), f.Image) })
	return image
}

// tagAndRemove: an image stays as long as it has a name, and no longer.
func (f Fixture) tagAndRemove(t *testing.T) {
	image := f.pulled(t)
	f.tag(t, image.ID, first, second, first)
	f.remove(t, first)
	f.has(t, first, "")
	f.has(t, second, image.ID)
	f.remove(t, f.Image)
	f.has(t, second, image.ID)
	f.remove(t, second)
	f.has(t, image.ID, "")
	if err := f.Engine.Tag(t.Context(), missing, first); err == nil {
		t.Error("a missing image can be tagged")
	}
}

func (f Fixture) tag(t *testing.T, id string, refs ...string) {
	t.Helper()
	for _, ref := range refs {
		if err := f.Engine.Tag(t.Context(), id, ref); err != nil {
			t.Fatal(err)
		}
	}
}

func (f Fixture) remove(t *testing.T, ref string) {
	t.Helper()
	if err := f.Engine.Remove(t.Context(), ref); err != nil {
		t.Errorf("remove %s: %v", ref, err)
	}
}

// has wants a ref to name the image of that ID; empty: none.
func (f Fixture) has(t *testing.T, ref, id string) {
	t.Helper()
	image, err := f.Engine.Inspect(t.Context(), ref)
	switch {
	case id == "" && !errors.Is(err, engine.ErrNotFound):
		t.Errorf("%s names %+v, %v; want ErrNotFound", ref, image, err)
	case id != "" && (err != nil || image.ID != id):
		t.Errorf("%s names %+v, %v; want the image %s", ref, image, err, id)
	}
}

// build: what was built has the labels and the platform, is found by its ID,
// takes a name from the image that had it, and gets the name of the request.
func (f Fixture) build(t *testing.T, b engine.Builder) {
	f.tag(t, f.pulled(t).ID, first)
	labels := map[string]string{"enginetest": "a b", "other": "1"}
	id, err := b.Build(t.Context(), engine.BuildRequest{Containerfile: f.Containerfile, Platform: f.Platform, Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	image, err := b.Inspect(t.Context(), id)
	if err != nil {
		t.Fatalf("Inspect of what was built: %v", err)
	}
	for k, v := range labels {
		if image.Labels[k] != v {
			t.Errorf("label %s is %q, want %q", k, image.Labels[k], v)
		}
	}
	if image.Platform != f.Platform {
		t.Errorf("built for %s, want %s", image.Platform, f.Platform)
	}
	f.tag(t, id, first)
	f.has(t, first, image.ID)
	f.remove(t, first)
	f.has(t, id, "")
	if id, err = b.Build(t.Context(), engine.BuildRequest{Containerfile: f.Containerfile, Platform: f.Platform, Labels: labels, Name: second}); err != nil {
		t.Fatal(err)
	}
	f.has(t, second, id)
	f.remove(t, second)
	f.has(t, id, "")
	if _, err := b.Build(t.Context(), engine.BuildRequest{Containerfile: []byte("NONSENSE\n"), Platform: f.Platform}); err == nil {
		t.Error("a Containerfile that makes no sense is built")
	}
}

// describe: the engine says which platform it runs.
func describe(t *testing.T, d engine.Describer) {
	runs, _, err := d.Describe(t.Context())
	if normal, malformed := platform.Normalize(runs); err != nil || malformed != nil || normal != runs {
		t.Errorf("it runs %q, %v; want a platform", runs, err)
	}
}

// interrupted: an ended context ends every method with its cause.
func (f Fixture) interrupted(t *testing.T) {
	cause := errors.New("interrupted by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := f.Engine.Inspect(ctx, missing); !errors.Is(err, cause) {
		t.Errorf("Inspect: %v", err)
	}
	if err := f.Engine.Pull(ctx, f.Image, f.Platform, engine.PullOptions{}); !errors.Is(err, cause) {
		t.Errorf("Pull: %v", err)
	}
	if err := f.Engine.Tag(ctx, missing, first); !errors.Is(err, cause) {
		t.Errorf("Tag: %v", err)
	}
	if err := f.Engine.Remove(ctx, missing); !errors.Is(err, cause) {
		t.Errorf("Remove: %v", err)
	}
	if b, can := f.Engine.(engine.Builder); can {
		if _, err := b.Build(ctx, engine.BuildRequest{Containerfile: f.Containerfile, Platform: f.Platform}); !errors.Is(err, cause) {
			t.Errorf("Build: %v", err)
		}
	}
}

// many: the engine answers questions side by side.
func (f Fixture) many(t *testing.T) {
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { _, errs[i] = f.Engine.Inspect(t.Context(), fmt.Sprintf("%s%d", missing, i)) })
	}
	all.Wait()
	for _, err := range errs {
		if !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", err)
		}
	}
}

// broken: an engine that does not answer never says that an image is missing.
func (f Fixture) broken(t *testing.T) {
	_, err := f.Broken.Inspect(t.Context(), missing)
	if e := new(engine.UnavailableError); !errors.As(err, &e) || errors.Is(err, engine.ErrNotFound) || e.Reason == "" {
		t.Errorf("%v, want an *UnavailableError with a reason", err)
	}
}

package enginetest_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/enginetest"
	"github.com/vessux/openlock/sandbox/tag"
)

// third is an engine that holds what an image says of itself, and cannot build.
// It shows what it takes to write one.
type third struct {
	mu     sync.Mutex
	images map[string]*engine.Image // by ref and by ID
	down   bool
}

func (*third) Name() string  { return "third" }
func (*third) Store() string { return "third in memory" }

func (e *third) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if e.down {
		return nil, &engine.UnavailableError{Engine: "third", Reason: "it is switched off", Remedy: "switch it on"}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if i, ok := e.images[ref]; ok {
		return i, nil
	}
	return nil, engine.ErrNotFound
}

func (e *third) Pull(ctx context.Context, ref, platform string, _ engine.PullOptions) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	from, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	want, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
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
	e.mu.Lock()
	defer e.mu.Unlock()
	i := &engine.Image{ID: id.String(), Platform: config.Platform().String(), Labels: config.Config.Labels, Digests: []string{ref}}
	e.images[ref], e.images[i.ID] = i, i
	return nil
}

func (e *third) Tag(_ context.Context, image, ref string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, ok := e.images[image]
	if !ok {
		return engine.ErrNotFound
	}
	e.images[ref] = i
	return nil
}

func (e *third) Remove(_ context.Context, ref string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, ok := e.images[ref]
	if !ok {
		return engine.ErrNotFound
	}
	delete(e.images, ref)
	// The ID goes with the last name.
	if rest := slices.Collect(maps.Values(e.images)); len(rest) == 1 && rest[0] == i {
		delete(e.images, i.ID)
	}
	return nil
}

func newThird() *third { return &third{images: map[string]*engine.Image{}} }

// TestThirdEngine: an engine that this repository does not know passes the
// suite, and works through Ensure and Plan.
func TestThirdEngine(t *testing.T) {
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: labtest.Registry(t).Host() + "/vessux/openlock-base"}
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	e, o := newThird(), sandbox.Options{LockDir: t.TempDir(), RecordDir: t.TempDir(), Platform: "linux/amd64"}
	o.Engines = []engine.Engine{&third{down: true}, e}

	if _, err := sandbox.Ensure(t.Context(), b, o); err == nil || !strings.Contains(err.Error(), "third cannot build images") {
		t.Errorf("nothing is published: %v", err)
	}
	o.Build = sandbox.PolicyAlways
	if _, err := sandbox.Plan(t.Context(), b, o); err == nil || !strings.Contains(err.Error(), "third cannot build images") {
		t.Errorf("a build is asked for: %v", err)
	}
	o.Build = sandbox.PolicyMissing

	image := ref.Repository + "@" + labtest.Publish(t, ref, b.Identity()).Children["linux/amd64"]
	if plan, err := sandbox.Plan(t.Context(), b, o); err != nil || plan.Action != sandbox.ActionPull || plan.Engine != "third" {
		t.Errorf("planned %+v, %v", plan, err)
	}
	for _, want := range []sandbox.Source{sandbox.SourcePulled, sandbox.SourceLocal} {
		if got, err := sandbox.Ensure(t.Context(), b, o); err != nil || got.Source != want || got.Engine != "third" {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
	}
	enginetest.Run(t, enginetest.Fixture{
		Engine: newThird(), Image: image, Platform: "linux/amd64", Labels: map[string]string{tag.Label: b.Identity()}, Broken: &third{down: true},
	})
}

// TestThirdEngineIsSmall: adding an engine stays a matter of one small file.
func TestThirdEngineIsSmall(t *testing.T) {
	text, err := os.ReadFile("third_test.go")
	if lines := strings.Count(string(text), "\n"); err != nil || lines >= 150 {
		t.Errorf("%d lines, %v", lines, err)
	}
}

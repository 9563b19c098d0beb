package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/tag"
)

// memory is an engine that holds names and no bytes, and writes down what it
// does. What it pulls and builds is the right image unless pulled or built
// says otherwise.
type memory struct {
	images        map[string]*engine.Image // by ref
	calls         []string                 // verbs, questions aside
	questions     int
	pullErr       []error // of the pulls, in their order; then nil
	buildErr      error
	temporary     string // the name that was asked for in the last build
	pulled, built *engine.Image
	onInspect     func(ref string) error
}

var _ engine.Engine = (*memory)(nil)

// identity is that of [toPublish]'s image.
var identity = tag.Identity([]byte("FROM scratch\n"))

// good is an image that Ensure accepts.
func good(id string) *engine.Image {
	return &engine.Image{ID: id, Platform: sandbox.HostPlatform(), Labels: map[string]string{tag.Label: identity}}
}

// foreign is one that it rejects.
func foreign(id string) *engine.Image {
	return &engine.Image{ID: id, Platform: sandbox.HostPlatform(), Labels: map[string]string{tag.Label: tag.Identity([]byte("FROM another\n"))}}
}

func newMemory() *memory {
	return &memory{images: map[string]*engine.Image{}, pulled: good("pulled"), built: good("built")}
}

func (m *memory) Name() string  { return "memory" }
func (m *memory) Store() string { return fmt.Sprintf("memory %p", m) }

func (m *memory) Inspect(_ context.Context, ref string) (*engine.Image, error) {
	m.questions++
	if m.onInspect != nil {
		if err := m.onInspect(ref); err != nil {
			return nil, err
		}
	}
	if i, ok := m.images[ref]; ok {
		return i, nil
	}
	return nil, engine.ErrNotFound
}

func (m *memory) Pull(_ context.Context, ref, _ string, _ engine.PullOptions) error {
	m.calls = append(m.calls, "pull")
	if len(m.pullErr) > 0 {
		err := m.pullErr[0]
		m.pullErr = m.pullErr[1:]
		if err != nil {
			return err
		}
	}
	m.images[ref] = m.pulled
	return nil
}

func (m *memory) Build(_ context.Context, b engine.BuildRequest) (string, error) {
	m.calls = append(m.calls, "build")
	if m.buildErr != nil {
		return "", m.buildErr
	}
	m.images[m.built.ID], m.images[b.Name] = m.built, m.built
	m.temporary = b.Name
	return m.built.ID, nil
}

func (m *memory) Tag(_ context.Context, image, ref string) error {
	m.calls = append(m.calls, "tag")
	for _, i := range m.images {
		if i.ID == image {
			m.images[ref] = i
			return nil
		}
	}
	return errors.New("no such image: " + image)
}

func (m *memory) Remove(_ context.Context, ref string) error {
	m.calls = append(m.calls, "remove")
	delete(m.images, ref)
	return nil
}

// nothingTemporary checks that the last build's name was one of its own, and is gone.
func (m *memory) nothingTemporary(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(m.temporary, "localhost/openlock-build:") || m.images[m.temporary] != nil {
		t.Errorf("the build was called %q, now %+v", m.temporary, m.images[m.temporary])
	}
}

// options are those of a test with this engine alone.
func (m *memory) options(t *testing.T) sandbox.Options {
	o := sandbox.Options{Engines: []engine.Engine{m}, LockDir: t.TempDir(), RecordDir: t.TempDir()}
	o.Registry.Retry = quickRetry
	return o
}

// published is a base image that a registry has for the host's platform.
func published(t *testing.T) (sandbox.Base, tag.Ref, *lab.Published) {
	t.Helper()
	b := toPublish(labtest.Registry(t))
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	return b, ref, mustPush(t, ref, b.Identity(), "", sandbox.HostPlatform())
}

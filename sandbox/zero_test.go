package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
)

// home is a home directory of the test's own, empty: none, and a PATH that
// holds the fake podman and nothing else. It returns the engine's state.
func home(t *testing.T, dir string) fakeengine.Store {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake podman is a symbolic link")
	}
	for name, below := range map[string]string{"HOME": "", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"} {
		value := ""
		if dir != "" {
			value = filepath.Join(dir, below)
		}
		t.Setenv(name, value)
	}
	t.Setenv("USERPROFILE", "")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, state := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "podman")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv(fakeengine.DirVariable, state)
	return fakeengine.Store(state)
}

// files lists what is below a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestZeroOptions: the engine is found, and locks and records are where the
// XDG Base Directory Specification has them.
func TestZeroOptions(t *testing.T) {
	dir := t.TempDir()
	home(t, dir)
	b := toPublish(labtest.Registry(t))
	d, err := sandbox.Plan(t.Context(), b, sandbox.Options{})
	if err != nil || d.Action != sandbox.ActionBuild || d.Engine != "podman" {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("Plan has written %q", got)
	}
	for _, want := range []sandbox.Source{sandbox.SourceBuilt, sandbox.SourceLocal} {
		out, err := sandbox.Ensure(t.Context(), b, sandbox.Options{})
		if err != nil || out.Source != want || out.Engine != "podman" || out.Platform != sandbox.HostPlatform() {
			t.Fatalf("%+v, %v; want it %s", out, err, want)
		}
	}
	// A record and a mark of the image.
	for below, n := range map[string]int{"cache/openlock/locks": 1, "state/openlock/images": 2} {
		if got := files(t, filepath.Join(dir, below)); len(got) != n {
			t.Errorf("%s holds %q", below, got)
		}
	}
}

// TestGivenDirectories: the defaults do not take the place of what is given.
func TestGivenDirectories(t *testing.T) {
	dir, locks, records := t.TempDir(), t.TempDir(), t.TempDir()
	home(t, dir)
	b := toPublish(labtest.Registry(t))
	if _, err := sandbox.Ensure(t.Context(), b, sandbox.Options{LockDir: locks, RecordDir: records}); err != nil {
		t.Fatal(err)
	}
	if len(files(t, locks)) != 1 || len(files(t, records)) != 2 || len(files(t, dir)) != 0 {
		t.Errorf("%q, %q, %q", files(t, locks), files(t, records), files(t, dir))
	}
}

// TestNoHome: a lock needs a place, records do without one, and a plan needs
// neither.
func TestNoHome(t *testing.T) {
	home(t, "")
	b := toPublish(labtest.Registry(t))
	if _, err := sandbox.Plan(t.Context(), b, sandbox.Options{}); err != nil {
		t.Error(err)
	}
	if _, err := sandbox.Ensure(t.Context(), b, sandbox.Options{}); err == nil || err.Error() != "locks: neither HOME nor XDG_CACHE_HOME is set to an absolute path" {
		t.Error(err)
	}
	out, err := sandbox.Ensure(t.Context(), b, sandbox.Options{LockDir: t.TempDir()})
	if err != nil || out.Source != sandbox.SourceBuilt {
		t.Errorf("%+v, %v", out, err)
	}
	// What is there already needs no lock.
	if out, err = sandbox.Ensure(t.Context(), b, sandbox.Options{}); err != nil || out.Source != sandbox.SourceLocal {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestNoEngine: where none is installed, that is said.
func TestNoEngine(t *testing.T) {
	home(t, t.TempDir())
	t.Setenv("PATH", t.TempDir())
	b := toPublish(labtest.Registry(t))
	missing := new(engines.NotInstalledError)
	if _, err := sandbox.Plan(t.Context(), b, sandbox.Options{}); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, err := sandbox.Ensure(t.Context(), b, sandbox.Options{}); !errors.As(err, &missing) {
		t.Error(err)
	}
}

// TestNilEngine: an engine that is nil is the caller's slip, and no panic.
func TestNilEngine(t *testing.T) {
	home(t, t.TempDir())
	b := toPublish(labtest.Registry(t))
	found, err := engines.Find(engines.Auto, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []engine.Engine{nil, (*memory)(nil)} {
		o := sandbox.Options{Engines: []engine.Engine{found[0], e}}
		if _, err := sandbox.Ensure(t.Context(), b, o); err == nil || err.Error() != "engine 2 of 2 is nil" {
			t.Errorf("%#v: %v", e, err)
		}
		if _, err := sandbox.Plan(t.Context(), b, o); err == nil || err.Error() != "engine 2 of 2 is nil" {
			t.Errorf("%#v: %v", e, err)
		}
	}
}

// TestEmptyBase: every verb refuses a base without bytes or repository, before
// it asks anything.
func TestEmptyBase(t *testing.T) {
	home(t, t.TempDir())
	r := labtest.Registry(t)
	for _, c := range []struct {
		base sandbox.Base
		want string
	}{
		{sandbox.Base{}, "containerfile is empty"},
		{sandbox.Base{Repository: toPublish(r).Repository}, "containerfile is empty"},
		{sandbox.Base{Containerfile: []byte("FROM scratch\n")}, `repository "": is empty`},
	} {
		ctx := t.Context()
		for verb, call := range map[string]func() error{
			"Ensure": func() error { _, err := sandbox.Ensure(ctx, c.base, sandbox.Options{}); return err },
			"Plan":   func() error { _, err := sandbox.Plan(ctx, c.base, sandbox.Options{}); return err },
			"Exists": func() error { _, err := sandbox.Exists(ctx, c.base, nil, registry.Options{}); return err },
			"Publish": func() error {
				_, err := sandbox.Publish(ctx, c.base, sandbox.PublishOptions{Builder: &pusher{}})
				return err
			},
			"Leg": func() error {
				_, err := sandbox.PublishLeg(ctx, c.base, "linux/amd64", sandbox.PublishOptions{Builder: &pusher{}})
				return err
			},
			"Public": func() error { _, err := sandbox.CheckPublic(ctx, c.base, sandbox.PublishOptions{}); return err },
		} {
			if err := call(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s of %+v: %v, want %q", verb, c.base, err, c.want)
			}
		}
	}
	if got := r.Requests(); len(got) > 0 {
		t.Errorf("the registry was asked: %+v", got)
	}
}

// TestZeroPublishOptions: without a builder, what is published is found, and
// what is not is an error.
func TestZeroPublishOptions(t *testing.T) {
	b := toPublish(labtest.Registry(t))
	unfit := new(leg.Error)
	if _, err := sandbox.Publish(t.Context(), b, sandbox.PublishOptions{}); !errors.As(err, &unfit) {
		t.Errorf("%v", err)
	}
	if _, err := sandbox.PublishLeg(t.Context(), b, "linux/amd64", sandbox.PublishOptions{}); !errors.As(err, &unfit) {
		t.Errorf("%v", err)
	}
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	mustPush(t, ref, b.Identity(), "")
	out, err := sandbox.Publish(t.Context(), b, sandbox.PublishOptions{})
	if err != nil || out.Outcome != sandbox.OutcomeSkipped {
		t.Errorf("%+v, %v", out, err)
	}
}

package enginetest_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/enginetest"
)

// flawed is [sound], but for the methods that a flaw replaces.
type flawed struct {
	*sound
	inspect  func(context.Context, string) (*engine.Image, error)
	pull     func(context.Context, string, string, engine.PullOptions) error
	tag      func(context.Context, string, string) error
	remove   func(context.Context, string) error
	build    func(context.Context, engine.BuildRequest) (string, error)
	describe func(context.Context) (string, bool, error)
}

func newFlawed() *flawed {
	s := newSound()
	return &flawed{s, s.Inspect, s.Pull, s.Tag, s.Remove, s.Build, s.Describe}
}

func (f *flawed) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	return f.inspect(ctx, ref)
}

func (f *flawed) Pull(ctx context.Context, ref, platform string, o engine.PullOptions) error {
	return f.pull(ctx, ref, platform, o)
}
func (f *flawed) Tag(ctx context.Context, image, ref string) error { return f.tag(ctx, image, ref) }
func (f *flawed) Remove(ctx context.Context, ref string) error     { return f.remove(ctx, ref) }
func (f *flawed) Build(ctx context.Context, b engine.BuildRequest) (string, error) {
	return f.build(ctx, b)
}

func (f *flawed) Describe(ctx context.Context) (string, bool, error) { return f.describe(ctx) }

// change changes every image that is shown.
func (f *flawed) change(do func(*engine.Image)) {
	f.inspect = func(ctx context.Context, ref string) (*engine.Image, error) {
		i, err := f.sound.Inspect(ctx, ref)
		if err == nil {
			do(i)
		}
		return i, err
	}
}

// flawVariable names the flaw of the engine that a child process tests.
const flawVariable = "OPENLOCK_TEST_FLAW"

// TestSuite is the suite on an engine with the flaw that the environment names.
func TestSuite(t *testing.T) {
	name, chosen := os.LookupEnv(flawVariable)
	if !chosen {
		return // TestFlaws runs it
	}
	e, down := newFlawed(), newFlawed()
	down.inspect = func(context.Context, string) (*engine.Image, error) {
		return nil, &engine.UnavailableError{Engine: "sound", Reason: "it is down"}
	}
	if put := flaws[name].put; put != nil {
		put(e)
	} else {
		down.inspect = newSound().Inspect
	}
	enginetest.Run(t, enginetest.Fixture{
		Engine: e, Image: pullable, Platform: pullablePlatform, Labels: map[string]string{"a": "b"}, Containerfile: []byte("FROM scratch\n"), Broken: down,
	})
}

// TestFlaws: the suite fails for an engine that breaks a promise, in the part
// that is about it, and in no part for one that keeps all.
func TestFlaws(t *testing.T) {
	failed := regexp.MustCompile(`(?m)^    --- FAIL: TestSuite/(\S+)`)
	for name, flaw := range flaws {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSuite$")
		cmd.Env = append(os.Environ(), flawVariable+"="+name)
		out, err := cmd.CombinedOutput()
		var parts []string
		for _, m := range failed.FindAllSubmatch(out, -1) {
			parts = append(parts, string(m[1]))
		}
		slices.Sort(parts)
		if !slices.Equal(parts, flaw.fail) || (err == nil) != (flaw.fail == nil) {
			t.Errorf("%s: %q fail, want %q (%v)\n%s", name, parts, flaw.fail, err, out)
		}
	}
}

package enginetest_test

import (
	"context"
	"errors"

	"github.com/vessux/openlock/sandbox/engine"
)

// flaw breaks one promise.
type flaw struct {
	put  func(f *flawed) // nil: the broken engine has it
	fail []string        // the only parts of the suite that see it
}

// flaws are the promises that an engine can break.
var flaws = map[string]flaw{
	"none": {func(*flawed) {}, nil},
	"an absent image is one that the engine cannot tell": {func(f *flawed) {
		f.inspect = func(ctx context.Context, ref string) (*engine.Image, error) {
			i, err := f.sound.Inspect(ctx, ref)
			if errors.Is(err, engine.ErrNotFound) {
				err = &engine.UnavailableError{Engine: "sound", Reason: err.Error()}
			}
			return i, err
		}
	}, []string{"build", "many_questions_at_once", "missing", "tag_and_remove"}},
	"an image has no platform": {func(f *flawed) { f.change(func(i *engine.Image) { i.Platform = "/" }) }, []string{"build", "pull"}},
	"an image has no labels":   {func(f *flawed) { f.change(func(i *engine.Image) { i.Labels = nil }) }, []string{"build", "pull"}},
	"an image has no digest":   {func(f *flawed) { f.change(func(i *engine.Image) { i.Digests = nil }) }, []string{"pull"}},
	"a failed pull is not said": {func(f *flawed) {
		f.pull = func(ctx context.Context, ref, platform string, o engine.PullOptions) error {
			err := f.sound.Pull(ctx, ref, platform, o)
			if context.Cause(ctx) == nil {
				return nil
			}
			return err
		}
	}, []string{"pull"}},
	"an image without a name is kept": {func(f *flawed) {
		f.remove = func(ctx context.Context, ref string) error {
			i, err := f.sound.Inspect(ctx, ref)
			if err = errors.Join(err, f.sound.Remove(ctx, ref)); err == nil {
				f.sound.put(*i, "")
			}
			return err
		}
	}, []string{"build", "tag_and_remove"}},
	"an image goes with its first name": {func(f *flawed) {
		f.remove = func(ctx context.Context, ref string) error {
			i, err := f.sound.Inspect(ctx, ref)
			if err = errors.Join(err, f.sound.Remove(ctx, ref)); err == nil {
				delete(f.byID, i.ID)
			}
			return err
		}
	}, []string{"tag_and_remove"}},
	"a name stays with the image that has it": {func(f *flawed) {
		f.tag = func(ctx context.Context, image, ref string) error {
			if _, err := f.sound.Inspect(ctx, ref); err == nil {
				return nil
			}
			return f.sound.Tag(ctx, image, ref)
		}
	}, []string{"build"}},
	"a failed build is not said": {func(f *flawed) {
		f.build = func(ctx context.Context, b engine.BuildRequest) (string, error) {
			id, err := f.sound.Build(ctx, b)
			if context.Cause(ctx) == nil {
				return id, nil
			}
			return id, err
		}
	}, []string{"build"}},
	"a build does not get its name": {func(f *flawed) {
		f.build = func(ctx context.Context, b engine.BuildRequest) (string, error) {
			b.Name = ""
			return f.sound.Build(ctx, b)
		}
	}, []string{"build"}},
	"an interrupted build goes on": {func(f *flawed) {
		f.build = func(ctx context.Context, b engine.BuildRequest) (string, error) {
			return f.sound.Build(context.WithoutCancel(ctx), b)
		}
	}, []string{"interrupted"}},
	"its platform is none": {func(f *flawed) {
		f.describe = func(context.Context) (string, bool, error) { return "arm64", false, nil }
	}, []string{"describe"}},
	"broken, it says that the image is absent": {nil, []string{"broken"}},
}

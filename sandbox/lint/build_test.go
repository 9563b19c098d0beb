package lint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/lint"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestSoundOnesBuild builds every sound Containerfile on both builders, from a
// context that is empty, and compares what they made of it.
func TestSoundOnesBuild(t *testing.T) {
	r := labtest.Registry(t)
	seed := labtest.Seed(t, r)
	podman := labtest.Podman(t, r.Host())
	builder := labtest.Builder(t)
	for name, text := range sound {
		t.Run(name, func(t *testing.T) {
			text := fill(text, seed)
			if found, err := lint.Check([]byte(text)); err != nil || len(found) > 0 {
				t.Fatalf("%+v, %v", found, err)
			}
			dir, err := os.MkdirTemp("", "sound") // without the test's name: a comma would end --output's dest
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			file, empty := filepath.Join(dir, "Containerfile"), filepath.Join(dir, "context")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(empty, 0o700); err != nil {
				t.Fatal(err)
			}
			ctx := labtest.Context(t, time.Minute)
			image := filepath.Join(dir, "image.tar")
			if _, err := builder.Run(ctx, "buildx", "build", "--quiet", "--output", "type=docker,dest="+image, "--file", file, empty); err != nil {
				t.Fatalf("buildx: %v", err)
			}
			tagged := "localhost/" + tag.Of([]byte(text))
			if _, err := podman.Run(ctx, "build", "--quiet", "--tag", tagged, "--file", file, empty); err != nil {
				t.Fatalf("podman: %v", err)
			}
			out, err := podman.Run(ctx, "image", "inspect", "--format", "{{json .Config}}", tagged)
			if err != nil {
				t.Fatal(err)
			}
			if ours, theirs := configOf(t, image), withoutNotes(t, []byte(out)); ours != theirs {
				t.Errorf("buildx made\n%s, podman\n%s", ours, theirs)
			}
		})
	}
}

// configOf returns the config of an image that is in a file.
func configOf(t *testing.T, path string) string {
	image, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(config.Config)
	if err != nil {
		t.Fatal(err)
	}
	return withoutNotes(t, b)
}

// withoutNotes leaves out what builders note about themselves.
func withoutNotes(t *testing.T, config []byte) string {
	var c v1.Config
	if err := json.Unmarshal(config, &c); err != nil {
		t.Fatal(err)
	}
	delete(c.Labels, "io.buildah.version")
	if len(c.Labels) == 0 {
		c.Labels = nil
	}
	if c.WorkingDir == "" {
		c.WorkingDir = "/" // which is the same
	}
	c.ArgsEscaped = false
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

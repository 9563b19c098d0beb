package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/lint"
	"github.com/vessux/openlock/sandbox/tag"
	"github.com/vessux/openlock/tools/lab/labtest"
)

// TestSoundOnesBuild builds every sound Containerfile on both builders, from a
// context that is empty.
func TestSoundOnesBuild(t *testing.T) {
	r := labtest.Registry(t)
	seed := labtest.Seed(t, r)
	podman := labtest.Podman(t, r.Host())
	builder := labtest.Builder(t)
	for name, text := range sound {
		t.Run(name, func(t *testing.T) {
			text = strings.ReplaceAll(text, "SEED", seed)
			if found, err := lint.Check([]byte(text)); err != nil || len(found) > 0 {
				t.Fatalf("%+v, %v", found, err)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "Containerfile")
			context := filepath.Join(dir, "context")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(context, 0o700); err != nil {
				t.Fatal(err)
			}
			ctx := labtest.Context(t, time.Minute)
			if _, err := builder.Run(ctx, "buildx", "build", "--quiet", "--output", "type=tar,dest="+filepath.Join(dir, "image.tar"), "--file", file, context); err != nil {
				t.Errorf("buildx: %v", err)
			}
			if _, err := podman.Run(ctx, "build", "--quiet", "--tag", "localhost/"+tag.Of([]byte(text)), "--file", file, context); err != nil {
				t.Errorf("podman: %v", err)
			}
		})
	}
}

package engine_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// TestEnvironmentOfBuilds: neither the shell's variables nor docker's own
// proxies reach the steps of a file that declares them, or its image.
func TestEnvironmentOfBuilds(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, s runner, r *lab.Registry, said *bytes.Buffer) {
		const foreign = "http://127.0.0.1:9"
		for k, v := range map[string]string{
			"SOURCE_DATE_EPOCH": "7", "HTTP_PROXY": foreign, "ALL_PROXY": foreign, "NO_PROXY": "127.0.0.1",
			"BUILDX_GIT_LABELS": "full", "BUILDAH_FORMAT": "docker", "DOCKER_BUILDKIT": "0",
		} {
			t.Setenv(k, v)
		}
		if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
			config, err := json.Marshal(map[string]any{"proxies": map[string]any{"default": map[string]string{"httpProxy": foreign}}})
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		ctx := labtest.Context(t, 2*time.Minute)
		id, err := e.(engine.Builder).Build(ctx, engine.BuildRequest{
			Containerfile: lab.Containerfile(labtest.Seed(t, r),
				"ARG SOURCE_DATE_EPOCH=1785801600", "ARG HTTP_PROXY=none", "ENV P=$HTTP_PROXY E=$SOURCE_DATE_EPOCH",
				`RUN ["/bin/seed", "env", "/etc/env"]`, `RUN ["/bin/seed", "show", "/etc/env"]`),
			Platform: "linux/amd64", NoCache: true,
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		image, err := s.Run(ctx, "image", "inspect", "--format", "{{json .}}", id)
		if err != nil {
			t.Fatal(err)
		}
		history, err := s.Run(ctx, "history", "--no-trunc", id)
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"the steps": said.String(), "the image": image, "the history": history} {
			if strings.Contains(text, foreign) || strings.Contains(text, "EPOCH=7") {
				t.Errorf("%s got the environment: %s", what, text)
			}
		}
		for _, want := range []string{`"P=none"`, `"E=1785801600"`} {
			if !strings.Contains(image, want) {
				t.Errorf("the image lacks %s: %s", want, image)
			}
		}
	})
}

package engine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/enginetest"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestConformance runs the suite for engines on podman and docker themselves.
func TestConformance(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, said *bytes.Buffer) {
		ref, err := tag.New(r.Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
		if err != nil {
			t.Fatal(err)
		}
		const platform = "linux/amd64"
		image := ref.Repository + "@" + labtest.Publish(t, ref, "an identity").Children[platform]
		enginetest.Run(t, enginetest.Fixture{
			Engine: e, Image: image, Platform: platform, Labels: map[string]string{tag.Label: "an identity"},
			Containerfile: lab.Containerfile(labtest.Seed(t, r)), Broken: broken(t, e.Name()),
		})
		if t.Failed() {
			t.Log(said)
		}
	})
}

// broken is the engine where nothing answers: neither its program nor a daemon.
func broken(t *testing.T, name string) engine.Engine {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho 'it is broken' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	path, host := os.Getenv("PATH"), os.Getenv("DOCKER_HOST")
	defer os.Setenv("PATH", path)
	defer os.Setenv("DOCKER_HOST", host)
	os.Setenv("PATH", dir)
	os.Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "no.sock"))
	return find(t, name, nil)
}

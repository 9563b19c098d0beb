//go:build linux

package engine_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// TestDockerWithItsOwnTmp: a docker from a snap has a /tmp that is not ours.
// The real program runs with another directory in place of ours for temporary
// files.
func TestDockerWithItsOwnTmp(t *testing.T) {
	r, d := labtest.Registry(t), labtest.Docker(t)
	setenv(t, d.Env)
	labtest.HideTemp(t, "docker")
	buildsElsewhere(t, find(t, "docker", new(bytes.Buffer)), d, labtest.Seed(t, r))
}

// TestPodmanElsewhere: podman is a client of a service that has a /tmp of its
// own, as in a virtual machine.
func TestPodmanElsewhere(t *testing.T) {
	r := labtest.Registry(t)
	s := labtest.Podman(t, r.Host())
	setenv(t, labtest.PodmanService(t, s))
	said := new(bytes.Buffer)
	buildsElsewhere(t, find(t, "podman", said), s, labtest.Seed(t, r))
}

// buildsElsewhere builds with an engine that does not see our files.
func buildsElsewhere(t *testing.T, e engine.Engine, s runner, seed string) {
	const name = "localhost/openlock-build:mine"
	ctx := labtest.Context(t, 2*time.Minute)
	id, err := e.(engine.Builder).Build(ctx, engine.BuildRequest{
		Containerfile: lab.Containerfile(seed, "LABEL a=b"), Platform: "linux/amd64", Name: name, Labels: map[string]string{"x": "y"},
	})
	if err != nil {
		t.Fatal(err)
	}
	image, err := e.Inspect(ctx, id)
	if err != nil || image.ID != id || image.Labels["a"] != "b" || image.Labels["x"] != "y" {
		t.Errorf("%+v, %v; want %s", image, err, id)
	}
	if err := e.Remove(ctx, name); err != nil {
		t.Error(err)
	}
}

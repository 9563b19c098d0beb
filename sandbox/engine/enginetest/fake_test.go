//go:build unix

package enginetest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/engine/enginetest"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestFakeEngines: what tests of decisions stand on behaves as the engines do:
// docker by its socket and by its program, podman here and elsewhere.
func TestFakeEngines(t *testing.T) {
	ref, err := tag.New(labtest.Registry(t).Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
	if err != nil {
		t.Fatal(err)
	}
	const platform = "linux/arm64"
	image := ref.Repository + "@" + labtest.Publish(t, ref, "an identity").Children[platform]
	for _, c := range []struct{ name, runtime, variable, value string }{
		{"podman", "podman", "CONTAINER_HOST", ""},
		{"podman elsewhere", "podman", "CONTAINER_HOST", "tcp://127.0.0.1:1"},
		{"docker", "docker", "DOCKER_HOST", "SOCKET"},
		{"docker by its program", "docker", "DOCKER_HOST", "ssh://127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, bin := fakeengine.Store(t.TempDir()), t.TempDir()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(bin, c.runtime)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin)
			t.Setenv("CONTAINER_CONNECTION", "")
			t.Setenv(fakeengine.DirVariable, string(store))
			if c.value == "SOCKET" {
				c.value = serve(t, store)
			}
			t.Setenv(c.variable, c.value)
			said := new(bytes.Buffer)
			enginetest.Run(t, enginetest.Fixture{
				Engine: found(t, c.runtime, said), Image: image, Platform: platform, Labels: map[string]string{tag.Label: "an identity"},
				Containerfile: []byte("FROM scratch\n"),
			})
			if t.Failed() {
				t.Log(said)
			}
		})
	}
}

func found(t *testing.T, runtime string, output *bytes.Buffer) engine.Engine {
	t.Helper()
	all, err := engines.Find(runtime, output)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// serve starts the daemon of a fake docker.
func serve(t *testing.T, store fakeengine.Store) (host string) {
	t.Helper()
	run, err := os.MkdirTemp("", "ole") // paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	host, stop, err := fakeengine.Serve(store, "unix", filepath.Join(run, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stop()
		os.RemoveAll(run)
	})
	return host
}

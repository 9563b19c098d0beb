package engine_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// TestMissingIsSaid: an image is missing only where the engine says so, in at
// most three questions.
func TestMissingIsSaid(t *testing.T) {
	const absent = "" // no reason: ErrNotFound
	for _, c := range []struct {
		name, runtime string
		script        string // the rest of a shell script that is the engine
		reason        string
		questions     int
	}{
		{"podman's words", "podman", `echo "Error: inspecting object: $3: image not known" >&2; exit 125`, absent, 1},
		{"podman's words from a machine", "podman", `echo "Error: failed to find image $3: no such image" >&2; exit 125`, absent, 1},
		{
			"words of a later podman", "podman",
			`case $2 in inspect) echo "Error: $3 is absent" >&2; exit 125;; exists) exit 1;; esac`, absent, 3,
		},
		{"podman that fails always", "podman", `echo "stat storage.conf: no such file" >&2; exit 1`, "stat storage.conf: no such file", 3},
		{"podman that fails with the words", "podman", `echo "stat /image not known: no such file" >&2; exit 1`, "stat /image not known", 3},
		{"podman that cannot show what it has", "podman", `case $2 in inspect) echo "Error: layer not known" >&2; exit 125;; esac`, "layer not known", 2},
		{"podman that is killed", "podman", `case $2 in inspect) kill -9 $$;; exists) exit 1;; esac; exit 125`, "killed", 3},
		{"docker's words", "docker", `echo "Error: No such image: $3" >&2; exit 1`, absent, 1},
		{"the daemon's words", "docker", `echo "Error response from daemon: No such image: $3" >&2; exit 1`, absent, 1},
		{"docker's words for any object", "docker", `echo "error: no such object: $3" >&2; exit 1`, absent, 1},
		{
			"docker that answers something else", "docker",
			`case $2 in inspect) echo "Error response from daemon: input/output error" >&2; exit 1;; esac`, "input/output error", 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "log")
			script := "#!/bin/sh\necho \"$@\" >> " + log + "\n" + c.script + "\n"
			if err := os.WriteFile(filepath.Join(dir, c.runtime), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			setenv(t, []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "DOCKER_HOST=ssh://lab"})
			_, err := find(t, c.runtime, nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
			inspected(t, err, c.runtime, c.reason)
			asked, err := os.ReadFile(log)
			if err != nil || strings.Count(string(asked), "\n") != c.questions {
				t.Errorf("asked %q, %v; want %d questions", asked, err, c.questions)
			}
		})
	}
}

// inspected checks the error of Inspect: [engine.ErrNotFound] where reason is
// empty, else that of an engine that does not answer, for this reason.
func inspected(t *testing.T, err error, runtime, reason string) {
	t.Helper()
	down := new(engine.UnavailableError)
	switch {
	case reason == "" && !errors.Is(err, engine.ErrNotFound):
		t.Errorf("error %v, want %v", err, engine.ErrNotFound)
	case reason == "":
	case !errors.As(err, &down):
		t.Errorf("error %v, want an engine that does not answer", err)
	case down.Engine != runtime || !strings.Contains(down.Reason, reason) || !strings.Contains(down.Remedy, runtime+" info"):
		t.Errorf("%+v, want a reason with %q and a hint", down, reason)
	}
}

// TestBrokenPodmanIsNotMissing: what is wrong with podman's configuration of
// its storage is the reason, in podman's own words.
func TestBrokenPodmanIsNotMissing(t *testing.T) {
	labtest.Need(t, lab.Podman)
	dir := t.TempDir()
	for _, c := range []struct {
		name, conf, text string // of storage.conf
		reason           string
	}{
		{"no storage.conf", "none", "", "no such file or directory"},
		{"a directory", ".", "", "is a directory"},
		{"a syntax error", "syntax.conf", "storage ]]\n", "toml: line 1"},
		{"no such driver", "driver.conf", "[storage]\ndriver = \"none\"\ngraphroot = \"" + dir + "/graph\"\nrunroot = \"" + dir + "/run\"\n", "driver not supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.conf)
			if c.text != "" {
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("CONTAINERS_STORAGE_CONF", path)
			_, err := find(t, "podman", nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
			inspected(t, err, "podman", c.reason)
		})
	}
}

// TestServerThatIsNoDaemon: its 404 is not about an image.
func TestServerThatIsNoDaemon(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	t.Setenv("DOCKER_HOST", strings.Replace(server.URL, "http", "tcp", 1))
	labtest.Need(t, lab.Docker)
	_, err := find(t, "docker", nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
	inspected(t, err, "docker", "HTTP 404: 404 page not found")
}

// TestDockerByItsProgram asks a real daemon through the docker program and a
// stand-in for ssh, which dials the daemon as the far end of a real one would.
func TestDockerByItsProgram(t *testing.T) {
	d := labtest.Docker(t)
	setenv(t, d.Env)
	dir := t.TempDir()
	ssh := func(script string) {
		if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	setenv(t, []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "DOCKER_HOST=ssh://lab"})
	inspect := func() error {
		_, err := find(t, "docker", nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
		return err
	}
	ssh("exec docker --host " + d.Host + " system dial-stdio")
	inspected(t, inspect(), "docker", "")
	ssh("echo 'host key verification failed' >&2; exit 255")
	inspected(t, inspect(), "docker", "docker image inspect: ")
}

//go:build linux

package docker

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// fake is docker with a shell script as its program, and a daemon that only
// the program reaches. The script finds its own directory in $DIR, and logs
// what it is asked.
func fake(t *testing.T, script string) (d *docker, asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nDIR='" + dir + "'\nprintf '%s\\n' \"$*\" >> \"$DIR/log\"\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	noSettings(t)
	t.Setenv("DOCKER_HOST", "ssh://lab")
	d = Driver.Open(process.Program{Name: name, Path: filepath.Join(dir, "docker")}).(*docker)
	return d, func() []string {
		b, _ := os.ReadFile(filepath.Join(dir, "log"))
		os.Remove(filepath.Join(dir, "log"))
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
}

// unavailableFor wants an error of an engine that does not answer, with these
// words in its reason and its remedy.
func unavailableFor(t *testing.T, err error, reason, remedy string) {
	t.Helper()
	down := new(engine.UnavailableError)
	if !errors.As(err, &down) || down.Engine != name || !strings.Contains(down.Reason, reason) || !strings.Contains(down.Remedy, remedy) {
		t.Errorf("%+v; want a reason with %q and a remedy with %q", err, reason, remedy)
	}
}

// TestInspectByTheProgram: an image is missing only where docker says so.
func TestInspectByTheProgram(t *testing.T) {
	d, asked := fake(t, `echo '[{"Id":"i","Os":"linux","Architecture":"arm","Variant":"v7","Config":{"Labels":{"a":"b"}},"RepoDigests":["r@sha256:1"]}]'`)
	image, err := d.Inspect(t.Context(), "localhost/x:y")
	if err != nil || image.ID != "i" || image.Platform != "linux/arm/v7" || image.Labels["a"] != "b" || !slices.Equal(image.Digests, []string{"r@sha256:1"}) {
		t.Errorf("%+v, %v", image, err)
	}
	if got := asked(); !slices.Equal(got, []string{"image inspect localhost/x:y"}) {
		t.Errorf("asked %q", got)
	}
	for _, words := range []string{"Error: No such image: x", "Error response from daemon: No such image: x", "error: no such object: x"} {
		d, _ := fake(t, "echo '"+words+"' >&2; exit 1")
		if _, err := d.Inspect(t.Context(), "x"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s: %v", words, err)
		}
	}
	d, _ = fake(t, "echo 'Error response from daemon: input/output error' >&2; exit 1")
	_, err = d.Inspect(t.Context(), "x")
	unavailableFor(t, err, "docker image inspect: Error response from daemon: input/output error", "docker info")
	for _, answer := range []string{"", "x", "[]", `[{"Id":"i"},{"Id":"j"}]`} {
		d, _ := fake(t, "echo '"+answer+"'")
		_, err := d.Inspect(t.Context(), "x")
		unavailableFor(t, err, "did not answer with one image in JSON", "docker info")
	}
}

// TestDescribe: the daemon is asked for its platform where it may be elsewhere,
// and not at all where its socket is on this machine.
func TestDescribe(t *testing.T) {
	d, asked := fake(t, `echo '{"Os":"linux","Arch":"riscv64"}'`)
	if platform, elsewhere, err := d.Describe(t.Context()); err != nil || platform != "linux/riscv64" || !elsewhere {
		t.Errorf("%s, %t, %v", platform, elsewhere, err)
	}
	if got := asked(); !slices.Equal(got, []string{"version --format {{json .Server}}"}) {
		t.Errorf("asked %q", got)
	}
	for _, c := range []struct {
		endpoint endpoint
		here     bool
	}{
		{endpoint{network: "unix", address: "/run/x.sock"}, true},
		{endpoint{network: "unix", address: "/home/x/.docker/desktop/docker.sock"}, false},
		{endpoint{network: "tcp", address: "127.0.0.1:1"}, false},
		{endpoint{}, false},
	} {
		if c.endpoint.here() != c.here {
			t.Errorf("%+v is here: %t", c.endpoint, !c.here)
		}
	}
	local := &docker{endpoint: endpoint{network: "unix", address: filepath.Join(t.TempDir(), "none.sock")}}
	if platform, elsewhere, err := local.Describe(t.Context()); err != nil || platform != driver.HostPlatform() || elsewhere {
		t.Errorf("local: %s, %t, %v", platform, elsewhere, err)
	}
	far := daemonWith(t, http.StatusOK, `{"Os":"linux","Arch":"s390x"}`)
	if platform, elsewhere, err := far.Describe(t.Context()); err != nil || platform != "linux/s390x" || !elsewhere {
		t.Errorf("over TCP: %s, %t, %v", platform, elsewhere, err)
	}
	for _, body := range []string{"x", "{}", `{"Os":"linux"}`, `{"Arch":"arm64"}`} {
		_, _, err := daemonWith(t, http.StatusOK, body).Describe(t.Context())
		unavailableFor(t, err, "did not answer with its platform in JSON", "docker info")
	}
	_, _, err := daemonWith(t, http.StatusInternalServerError, "no").Describe(t.Context())
	unavailableFor(t, err, "the daemon answers HTTP 500: no", "docker info")
}

// TestInterruptedQuestion ends with the cause, and not with a diagnosis.
func TestInterruptedQuestion(t *testing.T) {
	cause := errors.New("interrupted by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	program, _ := fake(t, "exit 1")
	for _, d := range []*docker{program, daemonWith(t, http.StatusOK, "{}")} {
		if _, err := d.Inspect(ctx, "x"); !errors.Is(err, cause) || errors.As(err, new(*engine.UnavailableError)) {
			t.Errorf("Inspect: %v", err)
		}
	}
	if _, err := program.Build(ctx, engine.BuildRequest{}); !errors.Is(err, cause) {
		t.Errorf("Build: %v", err)
	}
}

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/tag"
)

// runner is a real engine's store, empty at first.
type runner interface {
	Run(ctx context.Context, args ...string) (string, error)
}

// onRealEngines runs a test with podman and with docker, each in a store of
// its own that takes images from the registry.
func onRealEngines(t *testing.T, test func(t *testing.T, e engine.Engine, s runner, r *lab.Registry, said *bytes.Buffer)) {
	for _, c := range []struct {
		name  string
		start func(t *testing.T, r *lab.Registry) (runner, []string)
	}{
		{"podman", func(t *testing.T, r *lab.Registry) (runner, []string) {
			p := labtest.Podman(t, r.Host())
			return p, p.Env
		}},
		{"docker", func(t *testing.T, r *lab.Registry) (runner, []string) {
			d := labtest.Docker(t)
			return d, d.Env
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := labtest.Registry(t)
			s, env := c.start(t, r)
			setenv(t, env)
			said := new(bytes.Buffer)
			test(t, find(t, c.name, said), s, r, said)
		})
	}
}

func setenv(t *testing.T, env []string) {
	for _, e := range env {
		name, v, _ := strings.Cut(e, "=")
		t.Setenv(name, v)
	}
}

// program writes a shell script.
func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// pathWith puts a directory in front of PATH.
func pathWith(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func find(t *testing.T, name string, output io.Writer) engine.Engine {
	t.Helper()
	found, err := engines.Find(name, output)
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

func TestPullTagInspectRemove(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, s runner, r *lab.Registry, said *bytes.Buffer) {
		ctx := labtest.Context(t, 2*time.Minute)
		ref, err := tag.New(r.Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
		if err != nil {
			t.Fatal(err)
		}
		const identity = "bb57c7da220a"
		published := labtest.Publish(t, ref, identity)
		var pinned string
		if _, err := e.Inspect(ctx, ref.String()); !errors.Is(err, engine.ErrNotFound) {
			t.Fatalf("an empty store answers %v", err)
		}
		for _, platform := range []string{"linux/arm64", "linux/amd64"} {
			pinned = ref.Repository + "@" + published.Children[platform]
			if err := e.Pull(ctx, pinned, platform, engine.PullOptions{IgnoreLogins: platform == "linux/arm64"}); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			image, err := e.Inspect(ctx, pinned)
			if err != nil {
				t.Fatal(err)
			}
			if image.Platform != platform || image.Labels[tag.Label] != identity || image.ID == "" {
				t.Errorf("pulled for %s: %+v", platform, image)
			}
			if !strings.Contains(strings.Join(image.Digests, " "), pinned) {
				t.Errorf("digests %q, want %s", image.Digests, pinned)
			}
		}
		image, err := e.Inspect(ctx, pinned)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Tag(ctx, image.ID, ref.String()); err != nil {
			t.Fatal(err)
		}
		if tagged, err := e.Inspect(ctx, ref.String()); err != nil || tagged.ID != image.ID {
			t.Errorf("the tag names %+v, %v; want %s", tagged, err, image.ID)
		}
		if out, err := s.Run(ctx, "run", "--rm", "--network", "host", ref.String(), "print", "it runs"); err != nil || out != "it runs\n" {
			t.Errorf("the image prints %q, %v", out, err)
		}
		if err := e.Remove(ctx, ref.String()); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Inspect(ctx, ref.String()); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("after removal: %v", err)
		}
	})
}

func TestBuild(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, s runner, r *lab.Registry, said *bytes.Buffer) {
		ctx := labtest.Context(t, 2*time.Minute)
		file := lab.Containerfile(labtest.Seed(t, r), `RUN ["/bin/seed", "print", "step speaks"]`)
		for _, noCache := range []bool{false, true} {
			said.Reset()
			id, err := e.(engine.Builder).Build(ctx, engine.BuildRequest{
				Containerfile: file, Platform: "linux/amd64", NoCache: noCache, Labels: map[string]string{tag.Label: "x"},
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			if !strings.Contains(said.String(), "step speaks") {
				t.Errorf("noCache=%t: the build's output is not shown: %q", noCache, said)
			}
			image, err := e.Inspect(ctx, id)
			if err != nil || image.Labels[tag.Label] != "x" || image.Platform != "linux/amd64" {
				t.Fatalf("built %+v, %v", image, err)
			}
			if out, err := s.Run(ctx, "run", "--rm", "--network", "host", id, "show", "/etc/made"); err != nil || out != "by the Containerfile" {
				t.Errorf("the image shows %q, %v", out, err)
			}
		}
	})
}

func TestFailingBuildSaysWhy(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, said *bytes.Buffer) {
		file := lab.Containerfile(labtest.Seed(t, r), `RUN ["/bin/seed", "fail", "no luck"]`)
		_, err := e.(engine.Builder).Build(labtest.Context(t, time.Minute), engine.BuildRequest{Containerfile: file, Platform: "linux/amd64"})
		if err == nil || !strings.HasPrefix(err.Error(), e.Name()) {
			t.Errorf("error %v, want one that names %s", err, e.Name())
		}
		if !strings.Contains(said.String(), "no luck") {
			t.Errorf("the step's own words are not shown: %q", said)
		}
	})
}

// TestInterruptedBuildLeavesNothing also shows that the wait is short: a
// person who pressed Ctrl-C waits for it.
func TestInterruptedBuildLeavesNothing(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, said *bytes.Buffer) {
		const mark = "3599s" // found in the process list
		file := lab.Containerfile(labtest.Seed(t, r), `RUN ["/bin/seed", "sleep", "`+mark+`"]`)
		stop := errors.New("stopped by the test")
		ctx, cancel := context.WithCancelCause(labtest.Context(t, time.Minute))
		done := make(chan error, 1)
		go func() {
			_, err := e.(engine.Builder).Build(ctx, engine.BuildRequest{Containerfile: file, Platform: "linux/amd64"})
			done <- err
		}()
		eventually(t, "the step to run", func() bool { return running(t, mark) })
		cancel(stop)
		select {
		case err := <-done:
			if !errors.Is(err, stop) {
				t.Errorf("error %v, want the cause", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the build goes on")
		}
		eventually(t, "the step to end", func() bool { return !running(t, mark) })
	})
}

// running tells whether a process has mark as a part of its command line.
func running(t *testing.T, mark string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte("sleep\x00"+mark)) {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for", what)
		}
	}
}

func TestPullOfWhatIsNotThereFails(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, _ *bytes.Buffer) {
		pinned := r.Host() + "/none@sha256:" + strings.Repeat("0", 64)
		if err := e.Pull(labtest.Context(t, time.Minute), pinned, "linux/amd64", engine.PullOptions{}); err == nil {
			t.Error("pulled")
		}
	})
}

// TestDownIsNotMissing: an engine that does not answer must never be taken for
// one that has no such image.
func TestDownIsNotMissing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	storage := filepath.Join(dir, "storage.conf")
	nowhere := fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n", file+"/graph", file+"/run")
	if err := os.WriteFile(storage, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	silent, stop, err := lab.SilentHost()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	switching := switchingDaemon(t)
	for _, c := range []struct {
		name, runtime string
		env           []string
		reason        string
	}{
		{"docker without a daemon", "docker", []string{"DOCKER_HOST=unix://" + dir + "/none.sock"}, "no daemon listens on unix://"},
		{"docker with a socket that is none", "docker", []string{"DOCKER_HOST=unix://" + file}, "no daemon listens on unix://"},
		{"docker with a daemon that is silent", "docker", []string{"DOCKER_HOST=tcp://" + silent}, "gave no answer within"},
		{"docker with a daemon that changes the protocol", "docker", []string{"DOCKER_HOST=tcp://" + switching}, "unexpected answer HTTP 101 Switching Protocols"},
		{"docker with a context that is not there", "docker", []string{"DOCKER_HOST=", "DOCKER_CONFIG=" + dir, "DOCKER_CONTEXT=nowhere"}, `docker context "nowhere"`},
		{"docker on a daemon without plain socket", "docker", []string{"DOCKER_HOST=ssh://127.0.0.1:1"}, "docker image inspect"},
		{"podman without room for a store", "podman", []string{"CONTAINERS_STORAGE_CONF=" + storage}, "podman image inspect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			labtest.Need(t, map[string]lab.Part{"docker": lab.Docker, "podman": lab.Podman}[c.runtime])
			setenv(t, c.env)
			_, err := find(t, c.runtime, nil).Inspect(labtest.Context(t, time.Minute), "localhost/x:y")
			var down *engine.UnavailableError
			if !errors.As(err, &down) {
				t.Fatalf("error %v, want an engine that does not answer", err)
			}
			if down.Engine != c.runtime || !strings.Contains(down.Reason, c.reason) || down.Remedy == "" {
				t.Errorf("%+v, want a reason with %q and a hint", down, c.reason)
			}
		})
	}
}

// switchingDaemon answers HTTP 101 and leaves the connection open, until the
// client or the test ends.
func switchingDaemon(t *testing.T) (host string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		defer time.AfterFunc(12*time.Second, func() { c.Close() }).Stop()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other/1\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

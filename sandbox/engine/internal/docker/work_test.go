//go:build linux

package docker

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// TestCommands: what docker is started with.
func TestCommands(t *testing.T) {
	d, asked := fake(t, "")
	if err := d.Pull(t.Context(), "r@sha256:1", "linux/arm64", engine.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Tag(t.Context(), "i", "r:t"), d.Remove(t.Context(), "r:t")); err != nil {
		t.Error(err)
	}
	if got := asked(); !slices.Equal(got, []string{"pull --platform linux/arm64 r@sha256:1", "tag i r:t", "rmi r:t"}) {
		t.Errorf("%q", got)
	}
	d, _ = fake(t, "echo 'no such thing' >&2; exit 1")
	for _, err := range []error{d.Tag(t.Context(), "i", "r:t"), d.Remove(t.Context(), "r:t")} {
		if err == nil || !strings.HasSuffix(err.Error(), ": no such thing") {
			t.Error(err)
		}
	}
	if err := d.Pull(t.Context(), "x", "linux/arm64", engine.PullOptions{}); err == nil {
		t.Error("a failed pull is not said")
	}
}

// TestBuild: with buildx where it is installed, else with the BuildKit inside.
func TestBuild(t *testing.T) {
	const report = `[ "$1 $2" = "image inspect" ] && { echo "[{\"Id\":\"$3\"}]"; exit; }
while [ $# -gt 1 ]; do [ "$1" = --iidfile ] && echo "built$DOCKER_BUILDKIT" > "$2"; shift; done`
	t.Setenv("DOCKER_BUILDKIT", "0")
	for script, want := range map[string][2]string{
		report: {"buildx build --load --progress plain --platform linux/arm64 --iidfile ", "built1"},
		`[ "$1" = buildx ] && exit 1` + "\n" + report: {"build --progress plain --platform linux/arm64 --iidfile ", "built1"},
	} {
		d, asked := fake(t, script)
		id, err := d.Build(t.Context(), engine.BuildRequest{Containerfile: []byte("FROM scratch\n"), Platform: "linux/arm64"})
		if err != nil || id != want[1] {
			t.Errorf("%q, %v", id, err)
		}
		if got := asked(); len(got) != 3 || got[0] != "buildx version" || !strings.HasPrefix(got[1], want[0]) || got[2] != "image inspect built1" {
			t.Errorf("asked %q, want %q", got, want[0])
		}
	}
}

// TestLimits: a pull and a build have the limit of their request.
func TestLimits(t *testing.T) {
	d, _ := fake(t, `[ "$1 $2" = "buildx version" ] || exec sleep 3600`)
	const limit = 50 * time.Millisecond
	_, err := d.Build(t.Context(), engine.BuildRequest{Containerfile: []byte("FROM scratch\n"), Timeout: limit})
	for _, err := range []error{err, d.Pull(t.Context(), "x", "linux/arm64", engine.PullOptions{Timeout: limit})} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
}

// TestWithoutLogins: docker finds the same daemon, with the keys that it needs,
// and no login.
func TestWithoutLogins(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings map[string]string
		context  string // in docker's settings, JSON
		env      []string
		config   string
		keys     bool // the contexts are there
	}{
		{"host", map[string]string{"DOCKER_HOST": "ssh://lab"}, "", []string{"DOCKER_CERT_PATH=DIR", "DOCKER_HOST=ssh://lab", "DOCKER_CONTEXT="}, `{"auths":{"r:1":{}}}`, false},
		{"certificates", map[string]string{"DOCKER_HOST": "tcp://lab:1", "DOCKER_CERT_PATH": "/c"}, "", []string{"DOCKER_HOST=tcp://lab:1", "DOCKER_CONTEXT="}, `{"auths":{"r:1":{}}}`, false},
		{
			"context", map[string]string{"DOCKER_CONTEXT": "far"}, `{"Host":"tcp://lab:1"}`,
			[]string{"DOCKER_CERT_PATH=DIR", "DOCKER_TLS=", "DOCKER_TLS_VERIFY=", "DOCKER_HOST=tcp://lab:1", "DOCKER_CONTEXT="},
			`{"auths":{"r:1":{}},"currentContext":"far"}`, false,
		},
		{
			"context with TLS", map[string]string{"DOCKER_CONTEXT": "far"}, `{"Host":"tcp://lab:1","SkipTLSVerify":true}`,
			[]string{"DOCKER_CERT_PATH=DIR"}, `{"auths":{"r:1":{}},"currentContext":"far"}`, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := noSettings(t)
			if c.context != "" {
				writeContext(t, dir, "far", c.context)
			}
			for variable, value := range c.settings {
				t.Setenv(variable, value)
			}
			none, err := driver.NewNoLogins()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(none.Remove)
			env, err := findEndpoint().withoutLogins(none, "r:1/a/b", engine.PullOptions{})
			want := []string{"DOCKER_CONFIG=" + none.Dir}
			for _, e := range c.env {
				want = append(want, strings.Replace(e, "DIR", dir, 1))
			}
			if err != nil || !slices.Equal(env, want) {
				t.Errorf("%q, %v; want %q", env, err, want)
			}
			if b, err := os.ReadFile(filepath.Join(none.Dir, "config.json")); err != nil || string(b) != c.config || !json.Valid(b) {
				t.Errorf("config %s, %v; want %s", b, err, c.config)
			}
			if _, err := os.Stat(filepath.Join(none.Dir, "contexts", "meta")); (err == nil) != c.keys {
				t.Errorf("contexts: %v", err)
			}
		})
	}
	if _, err := (endpoint{}).withoutLogins(driver.NoLogins{Dir: filepath.Join(t.TempDir(), "none")}, "r/a", engine.PullOptions{}); err == nil {
		t.Error("settings that cannot be written are not said")
	}
}

// TestPullWithoutLogins: what it writes is removed.
func TestPullWithoutLogins(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d, _ := fake(t, `cp "$DOCKER_CONFIG/config.json" "$DIR/config"`)
	if err := d.Pull(t.Context(), "r:1/a@sha256:1", "linux/arm64", engine.PullOptions{IgnoreLogins: true}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(filepath.Dir(d.program.Path), "config")); err != nil || string(b) != `{"auths":{"r:1":{}}}` {
		t.Errorf("%s, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); left != nil {
		t.Errorf("left %q", left)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	if err := d.Pull(t.Context(), "r:1/a", "linux/arm64", engine.PullOptions{IgnoreLogins: true}); err == nil {
		t.Error("it is pulled with logins")
	}
}

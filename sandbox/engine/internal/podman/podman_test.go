//go:build linux

package podman

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// fake is podman with a shell script as its program, which finds its own
// directory in $DIR, and logs what it is asked.
func fake(t *testing.T, script string) (p *podman, asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nDIR='" + dir + "'\nprintf '%s\\n' \"$*\" >> \"$DIR/log\"\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "podman"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	p = Driver.Open(process.Program{Name: name, Path: filepath.Join(dir, "podman")}).(*podman)
	return p, func() []string {
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

// TestOneBoundForAQuestion: a podman that never answers is given up once, and
// not once for each command of a question.
func TestOneBoundForAQuestion(t *testing.T) {
	p, asked := fake(t, "exec sleep 3600")
	p.limit = 300 * time.Millisecond
	_, err := p.Inspect(t.Context(), "localhost/x:y")
	unavailableFor(t, err, "podman image inspect: no answer within 300ms", "end the podman processes that hang")
	if got := asked(); len(got) != 1 {
		t.Errorf("asked %q", got)
	}
	t.Setenv("CONTAINER_HOST", "tcp://127.0.0.1:1")
	_, _, err = p.Describe(t.Context())
	unavailableFor(t, err, "podman version: no answer within 300ms", "end the podman processes that hang")
}

// TestInspect reads what podman prints of one image.
func TestInspect(t *testing.T) {
	p, asked := fake(t, `cat <<'END'
[{"Id":"i","Os":"linux","Architecture":"arm","Variant":"v7","Labels":{"a":"b"},"RepoDigests":["r@sha256:1"]}]
END`)
	image, err := p.Inspect(t.Context(), "localhost/x:y")
	if err != nil || image.ID != "i" || image.Platform != "linux/arm/v7" || image.Labels["a"] != "b" || !slices.Equal(image.Digests, []string{"r@sha256:1"}) {
		t.Errorf("%+v, %v", image, err)
	}
	if got := asked(); !slices.Equal(got, []string{"image inspect localhost/x:y"}) {
		t.Errorf("asked %q", got)
	}
	for _, answer := range []string{"", "x", "[]", `[{"Id":"i"},{"Id":"j"}]`} {
		p, _ := fake(t, "echo '"+answer+"'")
		_, err := p.Inspect(t.Context(), "localhost/x:y")
		unavailableFor(t, err, "did not answer with one image in JSON", "podman info")
	}
}

// TestMissingIsSaid: an image is missing only where podman says so, in at most
// three commands.
func TestMissingIsSaid(t *testing.T) {
	const absent = "" // no reason: ErrNotFound
	for _, c := range []struct {
		name, script, reason string
		commands             int
	}{
		{"podman's words", `echo "Error: inspecting object: $3: image not known" >&2; exit 125`, absent, 1},
		{"podman's words from a machine", `echo "Error: failed to find image $3: no such image" >&2; exit 125`, absent, 1},
		{"words of a later podman", `case $2 in inspect) echo "Error: $3 is absent" >&2; exit 125;; exists) exit 1;; esac`, absent, 3},
		{"podman that fails always", `echo "stat storage.conf: no such file" >&2; exit 1`, "stat storage.conf: no such file", 3},
		{"podman that fails with the words", `echo "stat /image not known: no such file" >&2; exit 1`, "stat /image not known", 3},
		{"podman that cannot show what it has", `case $2 in inspect) echo "Error: layer not known" >&2; exit 125;; esac`, "layer not known", 2},
		{"podman that is killed", `case $2 in inspect) kill -9 $$;; exists) exit 1;; esac; exit 125`, "killed", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, asked := fake(t, c.script)
			_, err := p.Inspect(t.Context(), "localhost/x:y")
			if c.reason == absent {
				if !errors.Is(err, engine.ErrNotFound) {
					t.Errorf("%v, want ErrNotFound", err)
				}
			} else {
				unavailableFor(t, err, c.reason, "podman info")
			}
			if got := asked(); len(got) != c.commands {
				t.Errorf("asked %q; want %d commands", got, c.commands)
			}
		})
	}
}

// TestInterruptedQuestion ends with the cause, and not with a diagnosis.
func TestInterruptedQuestion(t *testing.T) {
	p, _ := fake(t, "exec sleep 3600")
	cause := errors.New("interrupted by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := p.Inspect(ctx, "x"); !errors.Is(err, cause) || errors.As(err, new(*engine.UnavailableError)) {
		t.Errorf("Inspect: %v", err)
	}
	t.Setenv("CONTAINER_HOST", "tcp://127.0.0.1:1")
	if _, _, err := p.Describe(ctx); !errors.Is(err, cause) || errors.As(err, new(*engine.UnavailableError)) {
		t.Errorf("Describe: %v", err)
	}
	if err := p.rest(ctx, p.pause); !errors.Is(err, cause) {
		t.Errorf("rest: %v", err)
	}
}

// TestDescribe: podman is asked for its server's platform where that may be
// elsewhere, and not at all where it is here.
func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		host, connection, answer string
		platform                 string
		elsewhere                bool
	}{
		{"", "", "linux/riscv64", driver.HostPlatform(), false},
		{"unix:///run/podman.sock", "", "linux/riscv64", driver.HostPlatform(), false},
		{"tcp://a.invalid:1", "", "linux/riscv64", "linux/riscv64", true},
		{"ssh://a.invalid", "", "linux/arm64/v8", "linux/arm64", true},
		{"", "machine", "linux/riscv64", "linux/riscv64", true},
	} {
		noSettings(t)
		t.Setenv("CONTAINER_HOST", c.host)
		t.Setenv("CONTAINER_CONNECTION", c.connection)
		p, asked := fake(t, "echo "+c.answer)
		platform, elsewhere, err := p.Describe(t.Context())
		if err != nil || platform != c.platform || elsewhere != c.elsewhere {
			t.Errorf("%+v: %s, %t, %v", c, platform, elsewhere, err)
		}
		want := []string{""}
		if c.elsewhere {
			want = []string{"version --format {{.Server.OsArch}}"}
		}
		if got := asked(); !slices.Equal(got, want) {
			t.Errorf("%+v: asked %q", c, got)
		}
	}
	noSettings(t)
	p, _ := fake(t, "echo linux/riscv64")
	remote := filepath.Join(filepath.Dir(p.program.Path), "podman-remote")
	if err := errors.Join(os.Rename(p.program.Path, remote), os.Symlink(remote, p.program.Path)); err != nil {
		t.Fatal(err)
	}
	if platform, elsewhere, err := p.Describe(t.Context()); err != nil || platform != "linux/riscv64" || !elsewhere {
		t.Errorf("podman-remote: %s, %t, %v", platform, elsewhere, err)
	}
	t.Setenv("CONTAINER_HOST", "unix:///run/podman.sock")
	if _, elsewhere, err := p.Describe(t.Context()); err != nil || elsewhere {
		t.Errorf("podman-remote with a socket here: %t, %v", elsewhere, err)
	}
	t.Setenv("CONTAINER_HOST", "tcp://a.invalid:1")
	p, _ = fake(t, "echo '<no value>'")
	_, _, err := p.Describe(t.Context())
	unavailableFor(t, err, "did not answer with a platform", "podman info")
	p, _ = fake(t, "echo 'no route to host' >&2; exit 125")
	_, _, err = p.Describe(t.Context())
	unavailableFor(t, err, "podman version: no route to host", "podman info")
}

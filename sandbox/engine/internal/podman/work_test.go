//go:build linux

package podman

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// complaint is what podman says of a broken image, whose ID is a file's text.
const complaint = `if [ -s "$DIR/broken" ] && [ "$2" = inspect ]; then
	read -r id < "$DIR/broken"
	echo "Error: image with ID \"$id\" (consider removing the image to resolve the issue): file does not exist" >&2
	exit 125
fi
`

// ids are those of so many broken images.
func ids(n int) []string {
	var all []string
	for i := range n {
		all = append(all, strings.Repeat(string("0123456789abcdef"[i%16]), 62)+string("0123456789abcdef"[i/16])+"0")
	}
	return all
}

// inspectBroken asks a podman whose broken images the script removes, and counts
// the commands of each kind.
func inspectBroken(t *testing.T, broken []string, script string) (inspected, removed int, err error) {
	t.Helper()
	p, asked := fake(t, complaint+script+"\nif [ $2 = inspect ]; then echo '[{\"Id\":\"i\"}]'; fi")
	p.pause = 0
	dir := filepath.Dir(p.program.Path)
	if err := os.WriteFile(filepath.Join(dir, "broken"), []byte(strings.Join(append(broken, ""), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = p.Inspect(t.Context(), "localhost/x:y")
	for _, line := range asked() {
		switch {
		case strings.HasPrefix(line, "image inspect "):
			inspected++
		case strings.HasPrefix(line, "rmi --force "):
			if id := strings.TrimPrefix(line, "rmi --force "); !slices.Contains(broken, id) {
				t.Errorf("removed %q", id)
			}
			removed++
		}
	}
	return inspected, removed, err
}

// rmiTakes is a podman that removes the first broken image of the file.
const rmiTakes = `if [ "$1" = rmi ]; then sed -i 1d "$DIR/broken"; fi`

// TestBrokenImagesAreRemoved, each only where podman complains about it twice:
// another podman may be about to complete it.
func TestBrokenImagesAreRemoved(t *testing.T) {
	for _, c := range []struct {
		name               string
		broken             int
		script             string
		inspected, removed int
		reason             string // why there is no answer; empty: there is one
	}{
		{"none", 0, rmiTakes, 1, 0, ""},
		{"one", 1, rmiTakes, 3, 1, ""},
		{"two", 2, rmiTakes, 5, 2, ""},
		{"twenty", 20, rmiTakes, 41, 20, ""},
		{"twenty-one", 21, rmiTakes, 41, 20, "consider removing"},
		{"one that cannot be removed", 1, `if [ "$1" = rmi ]; then echo "in use" >&2; exit 2; fi`, 2, 1, "podman rmi: in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inspected, removed, err := inspectBroken(t, ids(c.broken), c.script)
			if c.reason == "" && err != nil {
				t.Error(err)
			} else if c.reason != "" {
				unavailableFor(t, err, c.reason, "podman info")
			}
			if inspected != c.inspected || removed != c.removed {
				t.Errorf("inspected %d times and removed %d; want %d and %d", inspected, removed, c.inspected, c.removed)
			}
		})
	}
}

// TestImageThatIsCompleted is not removed, and the next one is looked at anew.
func TestImageThatIsCompleted(t *testing.T) {
	const completes = `if [ -e "$DIR/asked" ]; then sed -i 1d "$DIR/broken"; rm "$DIR/asked"; else touch "$DIR/asked"; fi`
	p, asked := fake(t, completes+"\n"+complaint+`echo '[{"Id":"i"}]'`)
	p.pause = 0
	path := filepath.Join(filepath.Dir(p.program.Path), "broken")
	if err := os.WriteFile(path, []byte(strings.Join(append(ids(2), ""), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inspect(t.Context(), "localhost/x:y"); err != nil {
		t.Error(err)
	}
	if got := asked(); len(got) != 4 || strings.Contains(strings.Join(got, " "), "rmi") {
		t.Errorf("asked %q", got)
	}
}

// TestCommands: what podman is started with.
func TestCommands(t *testing.T) {
	p, asked := fake(t, `cat "$5" > "$DIR/authfile" 2>/dev/null; command -v docker-credential-x > "$DIR/helper"; exit 0`)
	home := t.TempDir()
	t.Setenv("PATH", home+string(filepath.ListSeparator)+os.Getenv("PATH"))
	helper := filepath.Join(home, "docker-credential-x")
	if err := os.WriteFile(helper, []byte("#!/bin/sh\necho secret\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(filepath.Dir(p.program.Path), name))
		return strings.TrimSpace(string(b))
	}
	const ref = "127.0.0.1:5000/a/b@sha256:1"
	if err := p.Pull(t.Context(), ref, "linux/arm64", engine.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := asked(); got[0] != "pull --platform linux/arm64 "+ref || read("helper") != helper {
		t.Errorf("%q, helper %s", got, read("helper"))
	}
	t.Setenv("TMPDIR", t.TempDir())
	if err := p.Pull(t.Context(), ref, "linux/arm64", engine.PullOptions{IgnoreLogins: true}); err != nil {
		t.Fatal(err)
	}
	if got := asked(); !strings.HasPrefix(got[0], "pull --platform linux/arm64 --authfile ") || !strings.HasSuffix(got[0], " "+ref) {
		t.Errorf("%q", got)
	}
	if got := read("authfile"); got != `{"auths":{"127.0.0.1:5000":{"auth":"Ong="}}}` {
		t.Errorf("authfile %q", got)
	}
	if got := read("helper"); !strings.HasPrefix(got, os.TempDir()) {
		t.Errorf("podman finds the helper %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); left != nil {
		t.Errorf("left %q", left)
	}
	if err := errors.Join(p.Tag(t.Context(), "i", "r:t"), p.Remove(t.Context(), "r:t")); err != nil {
		t.Error(err)
	}
	if got := asked(); !slices.Equal(got, []string{"tag i r:t", "rmi r:t"}) {
		t.Errorf("%q", got)
	}
	p, _ = fake(t, "echo 'no such thing' >&2; exit 125")
	for _, err := range []error{p.Tag(t.Context(), "i", "r:t"), p.Remove(t.Context(), "r:t")} {
		if err == nil || !strings.HasSuffix(err.Error(), ": no such thing") {
			t.Error(err)
		}
	}
	if err := p.Pull(t.Context(), ref, "linux/arm64", engine.PullOptions{}); err == nil {
		t.Error("a failed pull is not said")
	}
}

// TestHelpersAreReplaced, in directories of any name, by ones without a login.
func TestHelpersAreReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a[b]*?\c`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-x"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	none, err := driver.NewNoLogins()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(none.Remove)
	env, err := helpers(none)
	if err != nil || len(env) != 1 || !strings.HasPrefix(env[0], "PATH="+none.Dir+string(filepath.ListSeparator)+dir) {
		t.Fatalf("%q, %v", env, err)
	}
	for verb, want := range map[string]string{"list": "{}\n", "get": "credentials not found in native keychain\n"} {
		out, err := exec.Command(filepath.Join(none.Dir, "docker-credential-x"), verb).Output()
		if string(out) != want || (err == nil) != (verb == "list") {
			t.Errorf("%s: %q, %v", verb, out, err)
		}
	}
	if _, err := helpers(driver.NoLogins{Dir: filepath.Join(none.Dir, "none")}); err == nil {
		t.Error("helpers that cannot be replaced are not said")
	}
}

// TestBuild: a build that another podman disturbs begins again, three times in
// all, and any other failure is the end.
func TestBuild(t *testing.T) {
	const report = `[ "$1 $2" = "image inspect" ] && { echo "[{\"Id\":\"$3\"}]"; exit; }
while [ $# -gt 1 ]; do [ "$1" = --iidfile ] && echo built > "$2"; shift; done`
	t.Setenv("TMPDIR", t.TempDir()) // podman is not asked where it would write
	const disturbed = `echo "Error: layer not known" >&2; exit 125`
	for _, c := range []struct {
		name, script string
		builds       int
		ok           bool
	}{
		{"at once", report, 1, true},
		{"at the third time", `[ $(wc -l < "$DIR/log") -lt 3 ] && { ` + disturbed + "; }\n" + report, 3, true},
		{"never", disturbed, 3, false},
		{"another failure", `echo "Error: no space left" >&2; exit 125`, 1, false},
		{"no report", "exit 0", 1, false},
	} {
		p, asked := fake(t, c.script)
		p.pause = 0
		id, err := p.Build(t.Context(), engine.BuildRequest{Containerfile: []byte("FROM scratch\n"), Platform: "linux/arm64"})
		if (err == nil) != c.ok || c.ok && id != "built" {
			t.Errorf("%s: %q, %v", c.name, id, err)
		}
		got := asked()
		if c.ok && got[len(got)-1] == "image inspect built" {
			got = got[:len(got)-1]
		}
		if len(got) != c.builds || !strings.HasPrefix(got[0], "build --format oci --platform linux/arm64 --iidfile ") {
			t.Errorf("%s: asked %q, want %d builds", c.name, got, c.builds)
		}
	}
	p, _ := fake(t, disturbed)
	p.pause = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted by the test")
	p.program.Output = writer(func() { cancel(cause) })
	if _, err := p.Build(ctx, engine.BuildRequest{Containerfile: []byte("FROM scratch\n")}); !errors.Is(err, cause) {
		t.Errorf("interrupted: %v", err)
	}
}

// writer is called when podman prints.
type writer func()

func (w writer) Write(b []byte) (int, error) {
	w()
	return len(b), nil
}

// TestLimits: a pull and a build have the limit of their request.
func TestLimits(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // podman is not asked where it would write
	p, _ := fake(t, "exec sleep 3600")
	const limit = 50 * time.Millisecond
	_, err := p.Build(t.Context(), engine.BuildRequest{Containerfile: []byte("FROM scratch\n"), Timeout: limit})
	for _, err := range []error{err, p.Pull(t.Context(), "x", "linux/arm64", engine.PullOptions{Timeout: limit})} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
}

package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestMain is the fake podman and openlock too, under links of those names.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "podman":
		fakeengine.Main()
		os.Exit(0)
	case "openlock":
		err := Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
		Report(os.Stderr, Openlock.Name, err)
		os.Exit(ExitCode(err))
	}
	os.Exit(labtest.Checked(m).Run())
}

// rig is a machine with a fake podman and a registry, and an image on neither.
type rig struct {
	store    fakeengine.Store
	registry *lab.Registry
	config   string // path of the configuration file
	file     string // path of the Containerfile
	ref      tag.Ref
	identity string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake podman is a symbolic link")
	}
	r := &rig{config: isolate(t), registry: labtest.Registry(t), store: fakeengine.Store(t.TempDir())}
	r.shortenWaits(t)
	if err := lab.TakesPlainHTTP(os.Getenv("HOME"), r.registry.Host()); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	link(t, filepath.Join(bin, "podman"))
	t.Setenv(fakeengine.DirVariable, string(r.store))
	for _, name := range []string{"CI", "GITHUB_ACTIONS", "HTTP_PROXY", "HTTPS_PROXY", "CONTAINER_HOST"} {
		t.Setenv(name, "")
	}
	text := []byte("FROM scratch\nLABEL name=" + t.Name() + "\n")
	r.file = filepath.Join(t.TempDir(), "Containerfile")
	write(t, r.file, string(text))
	var err error
	r.identity = tag.Identity(text)
	if r.ref, err = tag.New(r.registry.Host()+"/example/base", text); err != nil {
		t.Fatal(err)
	}
	return r
}

// shortenWaits leaves hosts one attempt, and CI three.
func (*rig) shortenWaits(t *testing.T) {
	host, ci := registry.HostRetry, registry.CIRetry
	t.Cleanup(func() { registry.HostRetry, registry.CIRetry = host, ci })
	registry.HostRetry.Tries, registry.CIRetry.Interval = 1, time.Millisecond
}

// link makes a link to this program.
func link(t *testing.T, path string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// program is openlock as a process of its own; the path of it.
func (r *rig) program(t *testing.T) string {
	t.Helper()
	return link(t, filepath.Join(t.TempDir(), "openlock"))
}

// args are those of a verb about the rig's image.
func (r *rig) args(verb ...string) []string {
	return append(verb, "--repository", r.ref.Repository, "--containerfile", r.file)
}

// publish puts the image into the registry for both platforms, or those given,
// and returns the digest of the index.
func (r *rig) publish(t *testing.T, platforms ...string) string {
	t.Helper()
	if len(platforms) == 0 {
		platforms = sandbox.Platforms()
	}
	var entries []lab.Entry
	for _, p := range platforms {
		image, err := lab.Image(p, r.identity)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, lab.Entry{Platform: p, Appendable: image})
	}
	index, err := lab.Index(entries...)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Push(r.ref, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// misbehave has the engine do so, see package fakeengine.
func (r *rig) misbehave(t *testing.T, way, times string) {
	t.Helper()
	write(t, filepath.Join(string(r.store), way), times)
}

// asked is what the engine was asked, one verb a line.
func (r *rig) asked() string {
	b, _ := os.ReadFile(filepath.Join(string(r.store), "log"))
	return strings.ReplaceAll(string(b), "podman ", "")
}

// answer has a registry answer everything with a status.
func answer(status int) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

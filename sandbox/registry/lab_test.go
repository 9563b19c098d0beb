package registry_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

var (
	containerfile = []byte("FROM scratch\n")
	identity      = tag.Identity(containerfile)
	both          = []string{"linux/amd64", "linux/arm64"}
	// quick is for registries that fail: it waits for nobody.
	quick = registry.Retry{Tries: 3, Interval: time.Millisecond, ThrottleMax: 500 * time.Millisecond}
)

// TestMain hides the logins of whoever runs the tests.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "openlock-registry-")
	if err != nil {
		log.Fatal(err)
	}
	for _, env := range []string{"HOME", "USERPROFILE", "DOCKER_CONFIG", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"} {
		os.Setenv(env, dir)
	}
	os.Unsetenv("REGISTRY_AUTH_FILE")
	code := labtest.Checked(m).Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// request is one that a server got.
type request struct {
	Step          fault.Step
	Method, Path  string
	Authorization string
}

// server is a real registry that writes down what it is asked, with room for
// a fault between.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	real  http.Handler
	front http.Handler
	log   []request
}

func start(t testing.TB) *server {
	t.Helper()
	s := &server{real: ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))}
	s.front = s.real
	s.Server = httptest.NewServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.log = append(s.log, request{fault.StepOf(r), r.Method, r.URL.Path, r.Header.Get("Authorization")})
	front := s.front
	s.mu.Unlock()
	front.ServeHTTP(w, r)
}

// behind puts a handler in front of the registry and forgets what was asked.
func (s *server) behind(front http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.front, s.log = front, nil
}

func (s *server) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.log...)
}

func (s *server) host() string { return strings.TrimPrefix(s.URL, "http://") }

func (s *server) ref() tag.Ref {
	return tag.Ref{Repository: s.host() + "/vessux/openlock-base", Tag: tag.Of(containerfile)}
}

func (s *server) name(t testing.TB, suffix string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(s.host() + "/vessux/openlock-base" + suffix)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// image is a small image for a platform that carries label.
func image(t testing.TB, platform, label string) v1.Image {
	t.Helper()
	img, err := lab.Image(platform, label)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// child is one entry of an index: an image, and the platform the index claims.
type child struct {
	platform string // "": none
	mutate.Appendable
}

func children(t testing.TB) []child {
	return []child{
		{"linux/amd64", image(t, "linux/amd64", identity)},
		{"linux/arm64", image(t, "linux/arm64", identity)},
	}
}

func index(t testing.TB, entries ...child) v1.ImageIndex {
	t.Helper()
	var all []lab.Entry
	for _, e := range entries {
		all = append(all, lab.Entry{Platform: e.platform, Appendable: e.Appendable})
	}
	idx, err := lab.Index(all...)
	if err != nil {
		t.Fatal(err)
	}
	return idx
}

// push puts an index of entries under the tag and returns its digest.
func (s *server) push(t testing.TB, entries ...child) string {
	t.Helper()
	idx := index(t, entries...)
	if err := lab.Push(s.ref(), idx); err != nil {
		t.Fatal(err)
	}
	s.behind(s.real)
	return digest(t, idx)
}

func digest(t testing.TB, d interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := d.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// delete removes a manifest or blob as a clean-up job does.
func (s *server) delete(t testing.TB, kind, digest string) {
	t.Helper()
	if err := lab.Delete(t.Context(), s.ref().Repository, kind, digest); err != nil {
		t.Fatal(err)
	}
	s.behind(s.real)
}

// probe asks for both platforms with our label.
func (s *server) probe(t testing.TB, o registry.Options) *registry.Result {
	t.Helper()
	return probe(t, registry.Query{Ref: s.ref(), Platforms: both, Identity: identity}, o)
}

// probe also checks what every result must keep to.
func probe(t testing.TB, q registry.Query, o registry.Options) *registry.Result {
	t.Helper()
	if o.Retry == (registry.Retry{}) {
		o.Retry = quick
	}
	res, err := registry.Probe(context.Background(), q, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append([]string{res.Reason, res.Hint}, res.Warnings...) {
		if text != sanitize.Line(text) {
			t.Errorf("%q is not fit to print", text)
		}
	}
	if res.Reason == "" {
		t.Error("no reason is given")
	}
	known := res.State == registry.StateComplete || res.State == registry.StateIncomplete
	if known && res.Digest == "" || res.State == registry.StateAbsent && res.Digest != "" {
		t.Errorf("state %s with digest %q", res.State, res.Digest)
	}
	if (len(res.Missing) == 0) != (res.State == registry.StateComplete) {
		t.Errorf("state %s, missing %q", res.State, res.Missing)
	}
	return res
}

// expect fails the test unless the state is want.
func expect(t testing.TB, res *registry.Result, want registry.State) {
	t.Helper()
	if res.State != want {
		t.Fatalf("state %s (%s), want %s", res.State, res.Reason, want)
	}
}

// checkLeaks fails the test when it ends with more goroutines than it began
// with. For tests that do not run in parallel with others.
func checkLeaks(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		remote.DefaultTransport.(*http.Transport).CloseIdleConnections()
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines at the start, %d at the end:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	})
}

func writeFile(t testing.TB, text string, elem ...string) string {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

package builder_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// phase is a moment of a publication, told by a request that the registry gets.
type phase struct {
	name  string
	at    func(r *http.Request, tag string, put bool) bool // put: the tag was put already
	after bool                                             // the registry does what it is asked first
}

var phases = []phase{
	{"probe", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/manifests/"+tag)
	}, false},
	{"permission", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodDelete
	}, true},
	{"push of a layer", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/")
	}, false},
	{"push of an image", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256:")
	}, true},
	{"before the tag", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/"+tag)
	}, false},
	{"after the tag", func(r *http.Request, tag string, put bool) bool {
		return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/"+tag)
	}, true},
	{"verification", func(r *http.Request, tag string, put bool) bool {
		return put && r.Method == http.MethodGet
	}, false},
}

const kills = 10

// TestKilled kills `mage release:base` with SIGKILL in every phase. The tag
// never names an index that is not whole, and the next run completes.
func TestKilled(t *testing.T) {
	b := start(t, "docker")
	mage, err := lab.BuildMage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// What a killed run leaves in the directory for temporary files goes with it.
	t.Setenv("TMPDIR", t.TempDir())
	file := filepath.Join(t.TempDir(), "Containerfile")
	for _, p := range append(phases, phase{name: "build"}) {
		t.Run(p.name, func(t *testing.T) {
			for i := range kills {
				base := b.base
				base.Containerfile = fmt.Appendf(nil, "%s# killed in %s, %d\nLABEL n=\"%s %d\"\n", b.base.Containerfile, p.name, i, p.name, i)
				if err := os.WriteFile(file, base.Containerfile, 0o600); err != nil {
					t.Fatal(err)
				}
				b.kill(t, mage, file, base, p)
			}
		})
	}
}

// kill runs a publication, kills it in a phase, looks at what it left, and
// runs it again.
func (b *bench) kill(t *testing.T, mage, file string, base sandbox.Base, p phase) {
	ctx := labtest.Context(t, time.Minute)
	run := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.CommandContext(ctx, mage, "release:base", "-containerfile="+file, "-repository="+base.Repository)
		var said bytes.Buffer
		cmd.Stderr = &said
		return cmd, &said
	}
	ref, err := base.Ref()
	if err != nil {
		t.Fatal(err)
	}
	cmd, said := run()
	started, reached := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() {
		<-started
		close(reached)
		cmd.Process.Kill()
	})
	var mu sync.Mutex
	put := false
	b.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			now := p.at != nil && p.at(r, ref.Tag, put)
			put = put || r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/"+ref.Tag)
			mu.Unlock()
			if now && !p.after {
				once()
			}
			inner.ServeHTTP(w, r)
			if now && p.after {
				once()
			}
		})
	})
	if p.at == nil {
		cmd.Stderr = &trigger{word: "#1 ", do: once}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err = cmd.Wait()
	select {
	case <-reached:
	default:
		t.Fatalf("the phase was not reached: %v\n%s", err, said)
	}
	b.Wrap(nil)
	res, err := sandbox.Exists(ctx, base, nil, registry.Options{})
	if err != nil || res.State != registry.StateAbsent && res.State != registry.StateComplete {
		t.Fatalf("killed: %+v, %v", res, err)
	}
	cmd, said = run()
	if err := cmd.Run(); err != nil {
		t.Fatalf("the next run: %v\n%s", err, said)
	}
	if res, err = sandbox.Exists(ctx, base, nil, registry.Options{}); err != nil || res.State != registry.StateComplete {
		t.Fatalf("the next run: %+v, %v", res, err)
	}
}

// trigger does something when a word is written to it.
type trigger struct {
	word string
	do   func()
	all  []byte
}

func (w *trigger) Write(b []byte) (int, error) {
	w.all = append(w.all, b...)
	if bytes.Contains(w.all, []byte(w.word)) {
		w.do()
	}
	return len(b), nil
}

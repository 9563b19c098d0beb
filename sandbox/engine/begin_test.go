//go:build linux

package engine_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/tag"
)

// hearer waits for a word in what is written to it.
type hearer struct {
	mu   sync.Mutex
	text []byte
	word string
	once sync.Once
	had  chan struct{} // closed with the word
}

func (h *hearer) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, b...)
	if bytes.Contains(h.text, []byte(h.word)) {
		h.once.Do(func() { close(h.had) })
	}
	return len(b), nil
}

// isConfig reports whether a blob is an image's config, which podman wants before
// it says anything.
func isConfig(inner http.Handler, req *http.Request) bool {
	answer := httptest.NewRecorder()
	inner.ServeHTTP(answer, req.Clone(req.Context()))
	return bytes.HasPrefix(answer.Body.Bytes(), []byte("{"))
}

// TestPullBegins: real engines say that a layer begins before the registry has
// sent any of it; a pull that gets no further than the manifest is stopped.
func TestPullBegins(t *testing.T) {
	words := map[string]string{"podman": "Copying blob", "docker": "Pulling fs layer"}
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, _ *bytes.Buffer) {
		ref, err := tag.New(r.Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
		if err != nil {
			t.Fatal(err)
		}
		labtest.Publish(t, ref, "bb57c7da220a")
		ctx := labtest.Context(t, time.Minute)
		r.Wrap(func(inner http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if strings.Contains(req.URL.Path, "/manifests/") {
					<-req.Context().Done()
					return
				}
				inner.ServeHTTP(w, req)
			})
		})
		err = e.Pull(ctx, ref.String(), "linux/amd64", engine.PullOptions{BeginTimeout: time.Second})
		if limit := new(process.LimitError); !errors.As(err, &limit) || !strings.HasSuffix(err.Error(), "no layer begun within 1s") {
			t.Errorf("a manifest that does not come: %v", err)
		}

		h := &hearer{word: words[e.Name()], had: make(chan struct{})}
		r.Wrap(func(inner http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if strings.Contains(req.URL.Path, "/blobs/") && !isConfig(inner, req) {
					select {
					case <-h.had:
					case <-req.Context().Done():
					}
				}
				inner.ServeHTTP(w, req)
			})
		})
		if err := find(t, e.Name(), h).Pull(ctx, ref.String(), "linux/amd64", engine.PullOptions{Timeout: 30 * time.Second}); err != nil {
			t.Errorf("%v; it said %q, without %q", err, h.text, h.word)
		}
	})
}

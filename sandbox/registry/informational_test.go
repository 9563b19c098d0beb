package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

const refused = "HTTP 101 Switching Protocols, which no registry answers here"

// raw answers with text on the bare connection, and holds the connection until
// the client or the test ends.
func raw(t *testing.T, text string) fault.Answer {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		defer context.AfterFunc(t.Context(), func() { c.Close() })()
		fmt.Fprint(c, text)
		_, _ = io.Copy(io.Discard, c)
	}
}

// within fails a test that hangs, where waiting for its end would take hours.
func within[T any](t *testing.T, what string, do func() T) T {
	t.Helper()
	done := make(chan T, 1)
	go func() { done <- do() }()
	select {
	case v := <-done:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("%s hangs", what)
		panic("unreachable")
	}
}

// layers picks the requests for layers, which a probe asks for by HEAD first.
func layers() func(*http.Request) bool {
	var asked sync.Map
	return func(r *http.Request) bool {
		if fault.StepOf(r) != fault.Blob {
			return false
		}
		if r.Method == http.MethodHead {
			asked.Store(r.URL.Path, true)
		}
		_, layer := asked.Load(r.URL.Path)
		return layer
	}
}

func at(step fault.Step) func() func(*http.Request) bool {
	return func() func(*http.Request) bool {
		return func(r *http.Request) bool { return fault.StepOf(r) == step }
	}
}

// TestInformational has a registry give answers of class 1xx, which are no
// answers: the one that is final is refused, and the others do not count.
func TestInformational(t *testing.T) {
	short := registry.Options{HeaderTimeout: 300 * time.Millisecond, Timeout: 800 * time.Millisecond, Retry: quick}
	answers := []struct {
		name   string
		answer func(t *testing.T) fault.Answer
		o      registry.Options
		want   registry.State
		says   string
	}{
		{"101", func(*testing.T) fault.Answer { return fault.Switching }, registry.Options{}, registry.StateInvalid, refused},
		{"101 without Upgrade", func(t *testing.T) fault.Answer {
			return raw(t, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		}, registry.Options{}, registry.StateInvalid, refused},
		{"103 and nothing else", func(t *testing.T) fault.Answer {
			return raw(t, "HTTP/1.1 103 Early Hints\r\n\r\n")
		}, short, registry.StateUnreachable, "no answer in time"},
		{"199 without end", func(t *testing.T) fault.Answer {
			return raw(t, strings.Repeat("HTTP/1.1 199 \r\nA: "+strings.Repeat("a", 1000)+"\r\n\r\n", 2000))
		}, short, registry.StateInvalid, "malformed HTTP header"},
		{"102, 103 and 199 before the answer", func(*testing.T) fault.Answer {
			return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				for _, status := range []int{102, 103, 199} {
					w.WriteHeader(status)
				}
				inner.ServeHTTP(w, r)
			}
		}, registry.Options{}, registry.StateComplete, ""},
		{"Upgrade beside the answer", func(*testing.T) fault.Answer {
			return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				w.Header().Set("Connection", "Upgrade")
				w.Header().Set("Upgrade", "other/1")
				inner.ServeHTTP(w, r)
			}
		}, registry.Options{}, registry.StateComplete, ""},
	}
	steps := map[string]func() func(*http.Request) bool{
		"ping": at(fault.Ping), "token": at(fault.Token), "tag": at(fault.Manifest),
		"child": at(fault.Child), "blob": at(fault.Blob), "layer": layers,
	}
	for _, a := range answers {
		for step, who := range steps {
			t.Run(a.name+"/"+step, func(t *testing.T) {
				t.Parallel()
				s := start(t)
				s.push(t, children(t)...)
				s.behind(answering(fault.Bearer(s.real, fault.Private{Anonymous: true}), who(), a.answer(t)))
				res := within(t, "the probe", func() *registry.Result { return s.probe(t, a.o) })
				expect(t, res, a.want)
				if !strings.Contains(res.Reason, a.says) {
					t.Errorf("reason %q, want %q", res.Reason, a.says)
				}
			})
		}
	}
}

// answering is inner with an answer for some requests.
func answering(inner http.Handler, who func(*http.Request) bool, answer fault.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who(r) {
			answer(w, r, inner)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// TestSwitchedReader: signatures are read by the same rule.
func TestSwitchedReader(t *testing.T) {
	for _, step := range []fault.Step{fault.Ping, fault.Manifest} {
		t.Run(string(step), func(t *testing.T) {
			s := start(t)
			s.push(t, children(t)...)
			s.behind(answering(s.real, at(step)(), fault.Switching))
			err := within(t, "the reader", func() error {
				r, err := registry.OpenReader(t.Context(), s.ref().Repository, registry.Options{})
				if err != nil {
					return err
				}
				defer r.Close()
				_, err = remote.Get(s.name(t, ":"+s.ref().Tag), remote.WithTransport(r.Transport()), remote.WithContext(t.Context()))
				return registry.Explain("tag", err)
			})
			checkRefused(t, err)
		})
	}
}

// TestSwitchedWriter: so are the answers to writes.
func TestSwitchedWriter(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		t.Run(method, func(t *testing.T) {
			s := start(t)
			s.push(t, children(t)...)
			s.behind(answering(s.real, func(r *http.Request) bool { return r.Method == method }, fault.Switching))
			checkRefused(t, within(t, "the writer", func() error {
				_, err := write(t, s)
				return err
			}))
		})
	}
}

func checkRefused(t *testing.T, err error) {
	t.Helper()
	e := new(registry.Error)
	if !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, refused) {
		t.Errorf("%v, want %s and %q", err, registry.StateInvalid, refused)
	}
}

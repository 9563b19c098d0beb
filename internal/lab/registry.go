package lab

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry is a real registry on a loopback port of its own, in memory, that
// writes down what it is asked.
type Registry struct {
	server *httptest.Server
	inner  http.Handler
	mu     sync.Mutex
	front  http.Handler // inner, or what Wrap made of it
	log    []Request
}

// Request is one request that a registry got.
type Request struct {
	Method, Path string
	Status       int
}

// StartRegistry starts a registry. Close ends it.
func StartRegistry() *Registry {
	r := &Registry{inner: whole(registry.New(registry.Logger(log.New(io.Discard, "", 0))))}
	r.front = r.inner
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		front := r.front
		r.mu.Unlock()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { r.note(req, s.status) }()
		front.ServeHTTP(s, req)
	}))
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.Start()
	return r
}

// whole refuses manifests that did not arrive whole, as registries do:
// go-containerregistry's keeps what has come of one when its sender is killed.
func whole(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/manifests/") {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		inner.ServeHTTP(w, req)
	})
}

func (r *Registry) note(req *http.Request, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, Request{req.Method, req.URL.Path, status})
}

// Wrap puts a handler around the registry, for faults; nil takes it away.
func (r *Registry) Wrap(wrap func(http.Handler) http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.front = r.inner
	if wrap != nil {
		r.front = wrap(r.inner)
	}
}

// Digest returns what a tag names in the registry itself, whatever Wrap put in
// front of it; empty: nothing.
func (r *Registry) Digest(repository, tag string) string {
	req := httptest.NewRequest(http.MethodGet, "/v2/"+repository+"/manifests/"+tag, nil)
	answer := httptest.NewRecorder()
	r.inner.ServeHTTP(answer, req)
	if answer.Code != http.StatusOK {
		return ""
	}
	return answer.Header().Get("Docker-Content-Digest")
}

// Host is the registry's address, 127.0.0.1:PORT.
func (r *Registry) Host() string { return strings.TrimPrefix(r.server.URL, "http://") }

// Requests returns what was asked since the start or the last call of Forget.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Request(nil), r.log...)
}

// Forget empties the log.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = nil
}

// Close ends the registry; its port refuses connections from then on.
func (r *Registry) Close() {
	r.server.CloseClientConnections()
	r.server.Close()
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets handlers get at the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// RefusedHost returns a loopback address that refuses connections.
func RefusedHost() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// SilentHost listens on a loopback address, accepts connections and never
// answers, until it is closed.
func SilentHost() (host string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	return l.Addr().String(), func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	}, nil
}

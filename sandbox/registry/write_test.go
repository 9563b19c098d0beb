package registry_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/registry"
)

// write opens a writer with the login of a docker configuration, and puts an
// index of what a probe of the tag finds under the tag "put".
func write(t *testing.T, s *server) (string, error) {
	t.Helper()
	w, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
	if err != nil {
		return "", err
	}
	defer w.Close()
	res := s.probe(t, registry.Options{})
	return w.PutIndex(t.Context(), "put", "", res.Children)
}

func TestPutIndex(t *testing.T) {
	checkLeaks(t)
	s := start(t)
	s.push(t, append(children(t), child{"unknown/unknown", image(t, "linux/amd64", "")})...)
	digest, err := write(t, s)
	if err != nil {
		t.Fatal(err)
	}
	ref := s.ref()
	ref.Tag = "put"
	res := probe(t, registry.Query{Ref: ref, Platforms: both, Identity: identity}, registry.Options{})
	expect(t, res, registry.StateComplete)
	if res.Digest != digest || !slices.Equal(res.Platforms, both) {
		t.Errorf("digest %s with %q, want %s with %q", res.Digest, res.Platforms, digest, both)
	}
	if again, err := write(t, s); again != digest {
		t.Errorf("equal children make digest %s, then %s (%v)", digest, again, err)
	}
	byDigest := probe(t, registry.Query{Ref: s.ref(), Digest: digest, Platforms: both}, registry.Options{})
	expect(t, byDigest, registry.StateComplete)
	if byDigest.Digest != digest {
		t.Errorf("asked for %s, got %s", digest, byDigest.Digest)
	}
}

func TestWriteNeedsPermission(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	s.behind(fault.Bearer(s.real, fault.Private{Anonymous: false, Logins: []fault.Login{{User: "robot", Password: "hunter2"}}}))
	for _, row := range []struct {
		name, config string
		state        registry.State // empty: may write
		hint         string
	}{
		{"without login", `{}`, registry.StateDenied, "no login is stored"},
		{"with a login", `{"auths": {"HOST": {"auth": "cm9ib3Q6aHVudGVyMg=="}}}`, "", ""},
		{"with a wrong login", `{"auths": {"HOST": {"auth": "cm9ib3Q6d3Jvbmc="}}}`, registry.StateDenied, "may not write there"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("DOCKER_CONFIG", dir)
			host, _, _ := strings.Cut(s.ref().Repository, "/")
			config := strings.ReplaceAll(row.config, "HOST", host)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
			if row.state == "" {
				if err != nil {
					t.Fatal(err)
				}
				w.Close()
				return
			}
			e := new(registry.Error)
			if !errors.As(err, &e) || e.State != row.state || !strings.Contains(e.Remedy, row.hint) {
				t.Fatalf("%#v", err)
			}
		})
	}
}

// TestWriteFaults: a registry that fails to take an index leaves the tag alone.
func TestWriteFaults(t *testing.T) {
	for name, want := range map[string]registry.State{
		"401": registry.StateDenied, "403": registry.StateDenied, "429": registry.StateThrottled, "500": registry.StateUnreachable,
		"503": registry.StateUnreachable, "html": registry.StateInvalid, "reset": registry.StateUnreachable,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.push(t, children(t)...)
			f, ok := fault.Named(fault.Upload, name)
			if !ok {
				t.Fatalf("no fault %q", name)
			}
			// The permission is given; the fault comes with the index.
			broken := fault.Handler(s.real, f)
			s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut {
					broken.ServeHTTP(w, r)
					return
				}
				s.real.ServeHTTP(w, r)
			}))
			_, err := write(t, s)
			e := new(registry.Error)
			if !errors.As(err, &e) || e.State != want {
				t.Fatalf("%v, want %s", err, want)
			}
			if e.Reason != sanitize.Line(e.Reason) {
				t.Errorf("%q is not fit to print", e.Reason)
			}
			s.behind(s.real)
			ref := s.ref()
			ref.Tag = "put"
			expect(t, probe(t, registry.Query{Ref: ref, Platforms: both}, registry.Options{}), registry.StateAbsent)
		})
	}
}

// TestWriteRecovers: one lost answer costs nothing but another try.
func TestWriteRecovers(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	lost := false
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && !lost {
			lost = true
			io.Copy(io.Discard, r.Body)
			http.Error(w, "", http.StatusBadGateway)
			return
		}
		s.real.ServeHTTP(w, r)
	}))
	began := time.Now()
	if _, err := write(t, s); err != nil || !lost {
		t.Fatalf("%v after %s", err, time.Since(began))
	}
}

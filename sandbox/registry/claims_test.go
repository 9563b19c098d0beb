package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// other is a digest that no manifest here has.
var other = "sha256:" + strings.Repeat("0", 64)

// claims has the registry claim the other digest for the answers to a method.
func (s *server) claims(method string) {
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method && strings.Contains(r.URL.Path, "/manifests/") {
			w = &claiming{w}
		}
		s.real.ServeHTTP(w, r)
	}))
}

type claiming struct{ http.ResponseWriter }

func (c *claiming) WriteHeader(status int) {
	c.Header().Set("Docker-Content-Digest", other)
	c.ResponseWriter.WriteHeader(status)
}

// TestClaimedDigest: a registry that claims another digest than that of the
// bytes, for what it gives or for the index that it got, is not believed.
func TestClaimedDigest(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	s.claims(http.MethodGet)
	res := s.probe(t, registry.Options{})
	expect(t, res, registry.StateInvalid)
	if !strings.Contains(res.Reason, "not "+other) {
		t.Errorf("reason %q", res.Reason)
	}
	s.claims(http.MethodPut)
	_, err := write(t, s)
	if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid || !strings.Contains(e.Reason, "not "+other) {
		t.Errorf("%v", err)
	}
}

// TestTrialUploadIsTakenBack: the upload that shows the permission is deleted
// at the place that the registry named for it.
func TestTrialUploadIsTakenBack(t *testing.T) {
	s := start(t)
	const upload = "/v2/vessux/openlock-base/blobs/uploads/trial"
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			w.Header().Set("Location", upload)
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			s.real.ServeHTTP(w, r)
		}
	}))
	w, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	var writes []string
	for _, r := range s.requests() {
		if r.Method != http.MethodGet {
			writes = append(writes, r.Method+" "+r.Path)
		}
	}
	if got := strings.Join(writes, ", "); got != "POST /v2/vessux/openlock-base/blobs/uploads/, DELETE "+upload {
		t.Errorf("requests %s", got)
	}
}

// TestUploadWithoutPlace: a registry that does not say where to upload is
// broken.
func TestUploadWithoutPlace(t *testing.T) {
	s := start(t)
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		s.real.ServeHTTP(w, r)
	}))
	_, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
	if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateInvalid {
		t.Errorf("%v", err)
	}
}

// TestRequestTimeoutIsTransient: HTTP 408 is asked again, and where it stays
// the registry is unreachable.
func TestRequestTimeoutIsTransient(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	left := 2
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault.StepOf(r) == fault.Manifest && left > 0 {
			left--
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		s.real.ServeHTTP(w, r)
	}))
	expect(t, s.probe(t, registry.Options{}), registry.StateComplete)
	left = 100
	expect(t, s.probe(t, registry.Options{}), registry.StateUnreachable)
	if left != 97 {
		t.Errorf("asked %d times, want 3", 100-left)
	}
}

// TestRefusedHead: a registry that refuses HEAD for a layer is asked by GET,
// and its answer to that counts.
func TestRefusedHead(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := start(t)
			s.push(t, children(t)...)
			s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/blobs/") {
					w.WriteHeader(status)
					return
				}
				s.real.ServeHTTP(w, r)
			}))
			expect(t, s.probe(t, registry.Options{}), registry.StateComplete)
		})
	}
}

// TestRedirectLimit: five redirects in a row are followed, the sixth is not.
func TestRedirectLimit(t *testing.T) {
	for n, want := range map[int]registry.State{5: registry.StateComplete, 6: registry.StateInvalid} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := start(t)
			s.push(t, children(t)...)
			s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hops := strings.Count(r.URL.RawQuery, "h")
				if fault.StepOf(r) == fault.Manifest && hops < n {
					http.Redirect(w, r, r.URL.Path+"?"+strings.Repeat("h", hops+1), http.StatusTemporaryRedirect)
					return
				}
				s.real.ServeHTTP(w, r)
			}))
			res := s.probe(t, registry.Options{})
			expect(t, res, want)
			if want == registry.StateInvalid && !strings.Contains(res.Reason, "more than 5 in a row") {
				t.Errorf("reason %q", res.Reason)
			}
		})
	}
}

package registry_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestReader reads as go-containerregistry does, within the bounds of a probe.
func TestReader(t *testing.T) {
	checkLeaks(t)
	s := start(t)
	want := s.push(t, children(t)...)
	r, err := registry.OpenReader(t.Context(), s.ref().Repository, registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := remote.Get(s.name(t, ":"+s.ref().Tag), remote.WithTransport(r.Transport()), remote.WithContext(t.Context()))
	if err != nil || got.Digest.String() != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
}

// TestReaderJudges: of what a registry answers, the remote package learns that
// something is not there, and that referrers are not listed; the rest are errors
// in a probe's words.
func TestReaderJudges(t *testing.T) {
	s := start(t)
	r, err := registry.OpenReader(t.Context(), s.ref().Repository, registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range []struct {
		path   string
		status int
		code   string
		want   registry.State // empty: no error
	}{
		{"manifests/x", 200, "", ""},
		{"manifests/x", 404, "MANIFEST_UNKNOWN", ""},
		{"manifests/x", 404, "DENIED", registry.StateDenied},
		{"manifests/x", 400, "", registry.StateInvalid},
		{"manifests/x", 406, "", registry.StateInvalid},
		{"referrers/x", 400, "", ""},
		{"referrers/x", 406, "", ""},
		{"referrers/x", 403, "DENIED", registry.StateDenied},
		{"manifests/x", 401, "", registry.StateDenied},
		{"manifests/x", 429, "", registry.StateThrottled},
		{"blobs/x", 503, "", registry.StateUnreachable},
		{"referrers/x", 404, strings.Repeat("x", 64<<10), registry.StateInvalid},
	} {
		body := fmt.Sprintf(`{"errors":[{"code":%q}]}`, c.code)
		s.behind(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, body)
		}))
		resp, err := (&http.Client{Transport: r.Transport()}).Get(s.URL + "/v2/vessux/openlock-base/" + c.path)
		if c.want != "" {
			if err == nil || registry.Explain("x", err).State != c.want {
				t.Errorf("%s, HTTP %d %.20s: %v, want %s", c.path, c.status, c.code, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, HTTP %d %s: %v", c.path, c.status, c.code, err)
			continue
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || string(got) != body {
			t.Errorf("%s, HTTP %d %s: HTTP %d %s, %v", c.path, c.status, c.code, resp.StatusCode, got, err)
		}
	}
}

// TestReaderIsBounded: an answer without end is not read to its end.
func TestReaderIsBounded(t *testing.T) {
	large := lab.StartRegistry()
	t.Cleanup(large.Close)
	large.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/" {
				return
			}
			zeros := make([]byte, 1<<20)
			for range 6 {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		})
	})
	r, err := registry.OpenReader(t.Context(), large.Host()+"/x/y", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+large.Host()+"/v2/x/y/blobs/z", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: r.Transport()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if e := registry.Explain("blob z", err); e.State != registry.StateInvalid || e.Reason != "blob z: the answer is larger than 4 MiB" || n > 4<<20 {
		t.Errorf("%d bytes, %+v", n, e)
	}
}

func TestReaderOfNobody(t *testing.T) {
	host, err := lab.RefusedHost()
	if err != nil {
		t.Fatal(err)
	}
	_, err = registry.OpenReader(t.Context(), host+"/x/y", registry.Options{})
	if e := new(registry.Error); !errors.As(err, &e) || e.State != registry.StateUnreachable || !strings.Contains(e.Reason, "refused") {
		t.Errorf("%v", err)
	}
}

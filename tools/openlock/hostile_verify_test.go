//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

// signatureAttacks are on whoever wants our signature, which the real cosign
// made.
var signatureAttacks = []attack{
	{name: "copied label, unsigned", code: 7, says: "is not verified: it is not signed", does: func(t *testing.T, s *scene) {
		s.verified()
		s.push(t, s.ref, s.theirs)
	}},
	{name: "copied label, signed by somebody else", code: 7, says: "is not verified: none of its 2 signatures is by the key", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "theirs", s.other)
		s.push(t, s.ref, s.theirs)
	}},
	{name: "our signatures beside the attacker's image", code: 7, says: "is not verified: none of its 2 signatures is by the key", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.index)
		s.push(t, s.ref, s.theirs)
		from, to := beside(t, s.other), beside(t, s.index)
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			path := strings.Replace(req.URL.Path, from, to, 1)
			if path == req.URL.Path {
				return false
			}
			as(req, path, w, inner)
			return true
		})
	}},
	{name: "signed index for the verifier, the attacker's for openlock", code: 7, says: "is not verified: manifest sha256:", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.index)
		ours, theirs := "/"+digest(t, s.index), "/"+digest(t, s.other)
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			switch path := req.URL.Path; {
			case strings.HasSuffix(path, "/"+s.ref.Tag):
				as(req, path+"-other", w, inner)
			case strings.HasSuffix(path, theirs):
				as(req, strings.TrimSuffix(path, theirs)+ours, w, inner)
			default:
				return false
			}
			return true
		})
	}},
	{name: "older signed image of another Containerfile", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.push(t, s.ref, s.image(t, attacker, tag.Identity([]byte("FROM older\n")))))
	}},
	{name: "older signed image of the same Containerfile", code: 0, taken: true, does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.push(t, s.ref, s.theirs))
	}},
	{name: "child exchanged after the verification", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.index)
		s.exchange(engine, digest(t, s.ours), digest(t, s.theirs))
	}},
	{name: "signatures without end", code: 7, says: "referrers: the answer is larger than it may be", does: func(t *testing.T, s *scene) {
		s.verified()
		endless, _ := fault.Named(fault.Manifest, "endless")
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if !strings.Contains(req.URL.Path, beside(t, s.index)) {
				return false
			}
			endless.Answer(w, req, inner)
			return true
		})
	}},
	{name: "change of protocol in place of signatures", code: 7, says: "HTTP 101 Switching Protocols, which no registry answers here", does: func(t *testing.T, s *scene) {
		s.verified()
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if !strings.Contains(req.URL.Path, beside(t, s.index)) {
				return false
			}
			fault.Switching(w, req, inner)
			return true
		})
	}},
	{name: "a thousand signatures", code: 7, says: "none of its first 100 signatures counts", does: func(t *testing.T, s *scene) {
		s.verified()
		s.cosign.Classic(t, "theirs", s.ref.Repository+"@"+digest(t, s.index))
		s.serve(anybody, "/"+beside(t, s.index)+".sig", string(types.OCIManifestSchema1), s.multiplied(t, beside(t, s.index)+".sig", 1000))
	}},
	{name: "signatures on another host, which wants a login", code: 7, led: true, says: "is not verified: ", does: func(t *testing.T, s *scene) {
		s.verified()
		s.sign(t, "ours", s.index)
		s.private(t)
		s.elsewhere.wants = `Basic realm="theirs"`
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if !strings.Contains(req.URL.Path, beside(t, s.index)) {
				return false
			}
			fault.RedirectTo(s.url())(w, req, inner)
			return true
		})
	}},
	{name: "login in an error for the verifier", code: 7, says: "is not verified: ", does: func(t *testing.T, s *scene) {
		s.verified()
		s.private(t)
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if !strings.Contains(req.URL.Path, digest(t, s.index)) && !strings.Contains(req.URL.Path, beside(t, s.index)) {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": req.Header.Get("Authorization"), "message": terminal + secret}}})
			return true
		})
	}},
}

// verified has openlock want a signature by our key.
func (s *scene) verified() {
	s.args = append(s.args, "--verify", "key="+filepath.Join(s.cosign.Dir, "ours.pub"))
}

// sign signs as cosign 2 does and as cosign 3 does.
func (s *scene) sign(t *testing.T, key string, index v1.ImageIndex) {
	t.Helper()
	at := s.ref.Repository + "@" + digest(t, index)
	s.cosign.Classic(t, key, at)
	s.cosign.Bundle(t, key, at)
}

// beside begins the tags of what belongs to a digest.
func beside(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	return strings.Replace(digest(t, index), ":", "-", 1)
}

// multiplied is a manifest with its one layer many times.
func (s *scene) multiplied(t *testing.T, name string, n int) []byte {
	t.Helper()
	var m v1.Manifest
	resp := s.request(t, http.MethodGet, name, nil)
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	for range n - 1 {
		m.Layers = append(m.Layers, m.Layers[0])
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

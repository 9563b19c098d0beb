//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox"
)

// terminal is what takes over a terminal that prints it raw: a title, a cleared
// screen, a line of its own, text turned round, and C1's control characters; and
// what is a command to a workflow's runner.
const terminal = "\x1b]0;owned\x07\x1b[2J\r\nopenlock: all is well\u202e\u009b2J##[set-output name=a]b\n\t::stop-commands::x\n\u202e::error::x\x00"

// textAttacks put text into whatever openlock may tell of, and tricks into
// names. [scene.ensure] looks at what is printed.
var textAttacks = []attack{
	{name: "control characters in a label", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, s.image(t, attacker, terminal))
	}},
	{name: "control characters in a platform", code: 7, says: "index: platform ", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "platform", map[string]string{"os": "linux", "architecture": terminal}))
	}},
	{name: "control characters in a digest", code: 7, says: "index: the index cannot be read", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "digest", "sha256:"+terminal))
	}},
	{name: "control characters in a media type", code: 7, says: "is not an image index or manifest", does: func(t *testing.T, s *scene) {
		body, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": terminal})
		if err != nil {
			t.Fatal(err)
		}
		s.serve(anybody, "/"+s.ref.Tag, ociIndex, body)
	}},
	{name: "control characters in an error", code: 5, says: "HTTP 403", does: func(t *testing.T, s *scene) {
		s.fault(t, fault.Manifest, "control-characters")
	}},
	{name: "control characters in an error at the pull alone", code: 1, says: "the pull failed", does: func(t *testing.T, s *scene) {
		s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			if !engine(req) || fault.StepOf(req) == fault.Ping {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": "DENIED" + terminal, "message": terminal}}})
			return true
		})
	}},
	{name: "control characters in headers", code: 6, says: "malformed MIME header", does: func(t *testing.T, s *scene) {
		s.headers(strings.Trim(terminal, "\x00"))
	}},
	{name: "characters in headers that HTTP allows", code: 7, says: "the bytes have digest sha256:", does: func(t *testing.T, s *scene) {
		s.headers("\u202e\u009b2J")
	}},
	{name: "more answers than questions", code: 0, does: func(t *testing.T, s *scene) {
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if engine(req) {
				return false
			}
			moreAnswers(t, w, req, inner)
			return true
		})
	}},
	{name: "control characters in a challenge", code: 7, says: "its token server must not be asked", does: func(t *testing.T, s *scene) {
		s.challenge(anybody, "gopher://\u202e\u009b2J/"+strings.Repeat("x", 1000))
	}},
	{name: "control characters in a redirect", code: 7, says: "redirect refused: ", does: func(t *testing.T, s *scene) {
		s.redirect(anybody, fault.Manifest, "gopher://\u202e\u009b2J/")
	}},

	{name: "digest that is a path", code: 7, says: "index: the index cannot be read", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "digest", "sha256:../../../../another/image/manifests/"+s.ref.Tag))
	}},
	{name: "digest of another kind", code: 7, says: "is not SHA-256", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "digest", "sha512:"+strings.Repeat("0", 128)))
	}},
	{name: "platform that is a path", code: 7, says: "index: platform ", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "platform", map[string]string{"os": "..", "architecture": "../../etc"}))
	}},
	{name: "platform that is a flag", code: 7, says: "index: platform ", does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "platform", map[string]string{"os": "--tls-verify=false", "architecture": "amd64"}))
	}},
	{name: "annotations that name another image", code: 0, does: func(t *testing.T, s *scene) {
		other := "../../../" + s.at("other").String()
		s.indexOf(t, s.entry(t, "annotations", map[string]string{
			"org.opencontainers.image.ref.name": other, "io.containerd.image.name": s.at("other").String(), "../../\x00": terminal,
		}))
	}},
	{name: "descriptor that lies elsewhere", code: 0, does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "urls", []string{s.elsewhere.url() + "/inside", "file:///etc/passwd"}))
	}},
	{name: "descriptor with the attacker's manifest in it", code: 0, does: func(t *testing.T, s *scene) {
		s.indexOf(t, s.entry(t, "data", raw(t, s.theirs)))
	}},
}

// moreAnswers answers, and goes on to answer what was not asked.
func moreAnswers(t *testing.T, w http.ResponseWriter, req *http.Request, inner http.Handler) {
	t.Helper()
	rec := httptest.NewRecorder()
	inner.ServeHTTP(rec, req)
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	answer := rec.Result()
	answer.ContentLength = int64(rec.Body.Len())
	if err := answer.Write(out); err != nil {
		t.Error(err)
	}
	fmt.Fprint(out, "HTTP/1.1 200 all is well\r\nContent-Length: 0\r\n\r\n")
	out.Flush()
}

// headers are these wherever they may be told, and the digest is not that of
// the bytes.
func (s *scene) headers(text string) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
		for _, name := range []string{"Content-Type", "Retry-After", "Location", "Server", "Warning"} {
			w.Header().Set(name, text)
		}
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
		fmt.Fprint(w, `{"schemaVersion":2,"manifests":[]}`)
		return true
	})
}

// entry is what an index says of our image, but for one thing.
func (s *scene) entry(t *testing.T, name string, value any) map[string]any {
	t.Helper()
	os, arch, _ := strings.Cut(sandbox.HostPlatform(), "/")
	e := map[string]any{
		"mediaType": types.DockerManifestSchema2, "digest": digest(t, s.ours), "size": len(raw(t, s.ours)),
		"platform": map[string]string{"os": os, "architecture": arch},
	}
	e[name] = value
	return e
}

// indexOf has the tag name an index of these entries.
func (s *scene) indexOf(t *testing.T, entries ...map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": entries})
	if err != nil {
		t.Fatal(err)
	}
	s.serve(anybody, "/"+s.ref.Tag, ociIndex, body)
}

//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

const ociIndex = string(types.OCIImageIndex)

// contentAttacks exchange what a registry serves.
var contentAttacks = []attack{
	{name: "tag moved between question and pull", code: 0, does: func(t *testing.T, s *scene) {
		move := sync.OnceFunc(func() {
			if err := lab.Push(s.ref, s.other); err != nil {
				t.Error(err)
			}
		})
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if engine(req) && fault.StepOf(req) == fault.Manifest {
				t.Errorf("the engine asks for a tag: %s", req.URL)
			}
			if req.Method != http.MethodGet || fault.StepOf(req) != fault.Manifest {
				return false
			}
			inner.ServeHTTP(w, req)
			move()
			return true
		})
	}},
	{name: "change of protocol in place of the tag", code: 7, says: "HTTP 101 Switching Protocols, which no registry answers here", does: func(t *testing.T, s *scene) {
		s.switching(fault.Manifest)
	}},
	{name: "change of protocol in place of a ping", code: 7, says: "HTTP 101 Switching Protocols, which no registry answers here", does: func(t *testing.T, s *scene) {
		s.switching(fault.Ping)
	}},
	{name: "another label under the tag", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, s.image(t, attacker, tag.Identity([]byte("FROM attacker\n"))))
	}},
	{name: "label with our 12 digits and other 52", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, s.image(t, attacker, s.identity[:tag.Length]+strings.Repeat("0", 52)))
	}},
	{name: "copied label, neither pinned nor signed", code: 0, taken: true, does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, s.theirs)
	}},
	{name: "child exchanged under its digest", code: 7, says: "the bytes have digest sha256:", does: func(t *testing.T, s *scene) {
		s.exchange(anybody, digest(t, s.ours), digest(t, s.theirs))
	}},
	{name: "child exchanged at the pull alone", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.exchange(engine, digest(t, s.ours), digest(t, s.theirs))
	}},
	{name: "layer exchanged", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.exchange(anybody, layer(t, s.ours), layer(t, s.theirs))
	}},
	{name: "config exchanged", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.exchange(anybody, config(t, s.ours), config(t, s.theirs))
	}},
	{name: "right config in another manifest, under the right one's digest", code: 7, says: "the bytes have digest sha256:", does: func(t *testing.T, s *scene) {
		s.exchange(anybody, digest(t, s.ours), s.put(t, "mixed", s.mixed(t)))
	}},
	{name: "right config in another manifest, at the pull alone", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.exchange(engine, digest(t, s.ours), s.put(t, "mixed", s.mixed(t)))
	}},
	{name: "child of another repository", code: 4, says: "is in the index, but its child sha256:", does: func(t *testing.T, s *scene) {
		s.serve(anybody, "/"+s.ref.Tag, ociIndex, raw(t, s.push(t, s.foreign(), s.image(t, attacker, tag.Identity(nil)))))
	}},
	{name: "child of another repository, served as ours", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		body := raw(t, s.push(t, s.foreign(), s.image(t, attacker, tag.Identity(nil))))
		s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
			if strings.HasSuffix(req.URL.Path, "/"+s.ref.Tag) {
				w.Header().Set("Content-Type", ociIndex)
				_, _ = w.Write(body)
				return true
			}
			as(req, strings.Replace(req.URL.Path, "/vessux/openlock-base/", "/another/image/", 1), w, inner)
			return true
		})
	}},
	{name: "image for another machine", code: 7, says: "the image is for linux/s390x", does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, changeConfig(t, s.theirs, func(c *v1.ConfigFile) { c.Architecture = "s390x" }))
	}},
	{name: "layer that lies elsewhere", code: 7, says: "a part of it lies elsewhere, at ", does: func(t *testing.T, s *scene) {
		image, err := mutate.Append(s.theirs, mutate.Addendum{
			Layer: static.NewLayer([]byte("anything"), types.DockerLayer), MediaType: types.DockerForeignLayer, URLs: []string{s.elsewhere.url() + "/inside"},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.push(t, s.ref, image)
	}},
	{name: "manifest of 5 MiB", code: 7, says: "the answer is larger than 4 MiB", does: func(t *testing.T, s *scene) {
		s.fault(t, fault.Manifest, "oversized")
	}},
	{name: "child of 5 MiB", code: 7, says: "the answer is larger than 4 MiB", does: func(t *testing.T, s *scene) {
		s.fault(t, fault.Child, "oversized")
	}},
	{name: "manifest without end", code: 7, says: "the answer is larger than 4 MiB", does: func(t *testing.T, s *scene) {
		s.fault(t, fault.Manifest, "endless")
	}},
	{name: "child of 5 MiB at the pull alone", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.serve(engine, "/"+digest(t, s.ours), string(types.OCIManifestSchema1), bytes.Repeat([]byte(" "), 5<<20))
	}},
	{name: "redirect to a file", code: 7, says: "redirect refused: 127.0.0.1", does: func(t *testing.T, s *scene) {
		s.redirect(anybody, fault.Manifest, "file:///etc/passwd")
	}},
	{name: "redirect to a file at the pull alone", code: 1, says: "the pull failed: podman pull: ", does: func(t *testing.T, s *scene) {
		s.redirect(engine, fault.Blob, "file:///etc/passwd")
	}},
	{name: "redirects without end", code: 7, says: "gave more than 5 in a row", does: func(t *testing.T, s *scene) {
		s.fault(t, fault.Manifest, "redirect-loop")
	}},
}

// foreign is a ref of another repository of the registry.
func (s *scene) foreign() tag.Ref {
	return tag.Ref{Repository: s.registry.Host() + "/another/image", Tag: s.ref.Tag}
}

// mixed is a manifest with the right image's config, and so its label and its
// ID, and the attacker's layers.
func (s *scene) mixed(t *testing.T) []byte {
	t.Helper()
	ours, err := s.ours.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.theirs.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	theirs = theirs.DeepCopy()
	theirs.Config = ours.Config
	b, err := json.Marshal(theirs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put puts a manifest's bytes under another tag of the scene's, whatever they
// are, and returns its name.
func (s *scene) put(t *testing.T, name string, body []byte) (tag string) {
	t.Helper()
	tag = s.at(name).Tag
	resp := s.request(t, http.MethodPut, tag, body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
	return tag
}

func (s *scene) request(t *testing.T, method, tag string, body []byte) *http.Response {
	t.Helper()
	host, path, _ := strings.Cut(s.ref.Repository, "/")
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+"/v2/"+path+"/manifests/"+tag, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", string(types.DockerManifestSchema2))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// fault breaks the registry by name.
func (s *scene) fault(t *testing.T, step fault.Step, name string) {
	t.Helper()
	f, found := fault.Named(step, name)
	if !found {
		t.Fatalf("no fault %s/%s", step, name)
	}
	s.registry.Wrap(func(inner http.Handler) http.Handler { return fault.Handler(inner, f) })
}

// redirect sends those who ask on, to just that address.
func (s *scene) redirect(who func(*http.Request) bool, step fault.Step, to string) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
		if !who(req) || fault.StepOf(req) != step {
			return false
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	})
}

func layer(t *testing.T, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return digest(t, layers[0])
}

func config(t *testing.T, image v1.Image) string {
	t.Helper()
	h, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

func raw(t *testing.T, of interface{ RawManifest() ([]byte, error) }) []byte {
	t.Helper()
	b, err := of.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// switching has the registry change the protocol at a step.
func (s *scene) switching(step fault.Step) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
		if fault.StepOf(req) != step {
			return false
		}
		fault.Switching(w, req, inner)
		return true
	})
}

package registry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

func TestComplete(t *testing.T) {
	checkLeaks(t)
	s := start(t)
	c := children(t)
	want := s.push(t, append(c, child{"unknown/unknown", image(t, "linux/amd64", "")})...)
	res := s.probe(t, registry.Options{})
	expect(t, res, registry.StateComplete)
	if res.Ref != s.ref().String() {
		t.Errorf("ref %s, want %s", res.Ref, s.ref())
	}
	if res.Digest != want {
		t.Errorf("digest %s, want the index's %s", res.Digest, want)
	}
	for i, p := range both {
		if got, _ := res.Child(p); got.Digest != digest(t, c[i]) || got.MediaType == "" || got.Size <= 0 || got.ImageSize <= 0 {
			t.Errorf("child %+v, want %s", got, digest(t, c[i]))
		}
		if !has(res, p) || !has(res, p+map[string]string{"linux/arm64": "/v8"}[p]) {
			t.Errorf("Has(%s) is false", p)
		}
	}
	if !slices.Equal(res.Platforms, both) {
		t.Errorf("platforms %q: the attestation is none", res.Platforms)
	}
	if has(res, "linux/s390x") || !res.IgnoreLogins || len(res.Warnings) > 0 {
		t.Errorf("more than was asked for: %+v", res)
	}

	steps := map[fault.Step]int{}
	for _, r := range s.requests() {
		steps[r.Step]++
		if r.Method != "GET" && (r.Method != "HEAD" || r.Step != fault.Blob) {
			t.Errorf("%s %s: only GETs tell why", r.Method, r.Path)
		}
	}
	for step, most := range map[fault.Step]int{fault.Ping: 1, fault.Manifest: 1, fault.Child: 2, fault.Blob: 4, fault.Token: 0, "": 0} {
		if steps[step] != most {
			t.Errorf("%d requests at %q, want %d", steps[step], step, most)
		}
	}
}

// TestContent is what a registry may hold that is not, or not wholly, what was
// asked for. A row fills the registry and returns what the reason must name.
func TestContent(t *testing.T) {
	rows := []struct {
		name    string
		want    registry.State
		missing []string
		fill    func(t *testing.T, s *server, c []child) (named string)
	}{
		{"arm64/v8 is arm64", registry.StateComplete, nil, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64/v8", image(t, "linux/arm64/v8", identity)})
			return "linux/arm64"
		}},
		{"v8 in the index alone", registry.StateComplete, nil, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64/v8", c[1].Appendable})
			return "linux/arm64"
		}},
		{"an image of one platform", registry.StateIncomplete, both[1:], func(t *testing.T, s *server, c []child) string {
			if err := remote.Write(s.name(t, ":"+s.ref().Tag), image(t, "linux/amd64", identity)); err != nil {
				t.Fatal(err)
			}
			return "linux/arm64"
		}},
		{"an image without its config", registry.StateIncomplete, both, func(t *testing.T, s *server, c []child) string {
			img := image(t, "linux/amd64", identity)
			if err := remote.Write(s.name(t, ":"+s.ref().Tag), img); err != nil {
				t.Fatal(err)
			}
			config, _ := img.ConfigName()
			s.delete(t, "blobs", config.String())
			return "linux/amd64"
		}},
		{"a platform missing", registry.StateIncomplete, both[1:], func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0])
			return "linux/arm64"
		}},
		{"an empty index", registry.StateIncomplete, both, func(t *testing.T, s *server, c []child) string {
			s.push(t)
			return "linux/amd64"
		}},
		{"only attestations", registry.StateIncomplete, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, child{"unknown/unknown", c[0].Appendable}, child{"", c[1].Appendable})
			return "linux/amd64"
		}},
		{"a child deleted", registry.StateIncomplete, both[1:], func(t *testing.T, s *server, c []child) string {
			s.push(t, c...)
			s.delete(t, "manifests", digest(t, c[1]))
			return "linux/arm64 is in the index, but its child " + digest(t, c[1]) + " is gone"
		}},
		{"a config deleted", registry.StateIncomplete, both[:1], func(t *testing.T, s *server, c []child) string {
			img := image(t, "linux/amd64", identity)
			s.push(t, child{"linux/amd64", img}, c[1])
			config, _ := img.ConfigName()
			s.delete(t, "blobs", config.String())
			return digest(t, img)
		}},
		{"a layer deleted", registry.StateIncomplete, both[:1], func(t *testing.T, s *server, c []child) string {
			img := image(t, "linux/amd64", identity)
			s.push(t, child{"linux/amd64", img}, c[1])
			layers, err := img.Layers()
			if err != nil {
				t.Fatal(err)
			}
			layer, _ := layers[0].Digest()
			s.delete(t, "blobs", layer.String())
			return "child linux/amd64 is there, but its layer " + layer.String() + " is gone"
		}},
		{"a child for another platform", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64", image(t, "linux/amd64", identity)})
			return "child linux/arm64: the image is for linux/amd64"
		}},
		{"no label", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64", image(t, "linux/arm64", "")})
			return "does not carry the label"
		}},
		{"another identity", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64", image(t, "linux/arm64", "0000\x1b[2J")})
			return "another Containerfile"
		}},
		{"a nested index", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"linux/arm64", index(t, c[1])})
			return "an index where an image is due"
		}},
		{"a nested index without platform", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c[0], child{"", index(t, c[1])})
			return "an index where an image is due"
		}},
		{"a layer that lies elsewhere", registry.StateInvalid, both, func(t *testing.T, s *server, c []child) string {
			img, err := mutate.Append(image(t, "linux/arm64", identity), mutate.Addendum{
				Layer: static.NewLayer([]byte("x"), types.DockerForeignLayer), MediaType: types.DockerForeignLayer, URLs: []string{"http://169.254.169.254/\x1b[2J"},
			})
			if err != nil {
				t.Fatal(err)
			}
			s.push(t, c[0], child{"linux/arm64", img})
			return `child linux/arm64: a part of it lies elsewhere, at "http://169.254.169.254/ [2J"`
		}},
		{"another tag", registry.StateAbsent, both, func(t *testing.T, s *server, c []child) string {
			s.push(t, c...)
			s.delete(t, "manifests", s.ref().Tag)
			return "has no tag " + s.ref().Tag
		}},
		{"no repository", registry.StateAbsent, both, func(t *testing.T, s *server, c []child) string {
			return "has no tag " + s.ref().Tag
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			named := row.fill(t, s, children(t))
			res := s.probe(t, registry.Options{})
			expect(t, res, row.want)
			if !strings.Contains(res.Reason, named) {
				t.Errorf("reason %q does not name %q", res.Reason, named)
			}
			if !slices.Equal(res.Missing, row.missing) {
				t.Errorf("missing %q, want %q", res.Missing, row.missing)
			}
			for _, p := range row.missing {
				if has(res, p) || slices.Contains(res.Platforms, p) {
					t.Errorf("%s is both missing and there: %+v", p, res)
				}
			}
		})
	}
}

// TestSingleImage is what an engine's own push leaves: good for its platform.
func TestSingleImage(t *testing.T) {
	s := start(t)
	img := image(t, "linux/arm64/v8", identity)
	if err := remote.Write(s.name(t, ":"+s.ref().Tag), img); err != nil {
		t.Fatal(err)
	}
	res := probe(t, registry.Query{Ref: s.ref(), Platforms: []string{"linux/arm64"}, Identity: identity}, registry.Options{})
	expect(t, res, registry.StateComplete)
	if want := digest(t, img); res.Digest != want || res.Children[0].Digest != want {
		t.Errorf("digest %s, child %s, want %s for both", res.Digest, res.Children[0].Digest, want)
	}
}

func TestDockerMediaTypes(t *testing.T) {
	s := start(t)
	c := children(t)
	for i := range c {
		c[i].Appendable = mutate.MediaType(image(t, both[i], identity), types.DockerManifestSchema2)
	}
	idx := mutate.IndexMediaType(index(t, c...), types.DockerManifestList)
	if err := remote.WriteIndex(s.name(t, ":"+s.ref().Tag), idx); err != nil {
		t.Fatal(err)
	}
	expect(t, s.probe(t, registry.Options{}), registry.StateComplete)
}

// TestIdentityByTag: whoever knows the tag alone still sees a label that does
// not belong to it.
func TestIdentityByTag(t *testing.T) {
	another := identity[:tag.Length-1] + "g"
	for label, want := range map[string]registry.State{
		identity:                          registry.StateComplete,
		"":                                registry.StateInvalid,
		tag.Identity(nil):                 registry.StateInvalid,
		identity[:tag.Length]:             registry.StateInvalid,
		another + identity[len(another):]: registry.StateInvalid,
	} {
		s := start(t)
		s.push(t, child{"linux/amd64", image(t, "linux/amd64", label)})
		expect(t, probe(t, registry.Query{Ref: s.ref(), Platforms: both[:1]}, registry.Options{}), want)
	}
}

// TestSamePlatformTwice asks for one platform under two names.
func TestSamePlatformTwice(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	res := probe(t, registry.Query{Ref: s.ref(), Platforms: []string{"linux/arm64", "linux/arm64/v8"}}, registry.Options{})
	expect(t, res, registry.StateComplete)
	if len(res.Children) != 1 {
		t.Errorf("children %v, want one", res.Children)
	}
}

func TestWrongQuestion(t *testing.T) {
	s := start(t)
	for name, platforms := range map[string][]string{"none": nil, "no arch": {"linux"}, "upper case": {"Linux/AMD64"}} {
		_, err := registry.Probe(t.Context(), registry.Query{Ref: s.ref(), Platforms: platforms}, registry.Options{})
		if err == nil || !strings.Contains(err.Error(), "platform") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n := len(s.requests()); n > 0 {
		t.Errorf("%d requests for a question that is none", n)
	}
}

// TestSkipLayers: an image is judged by its config before it is pulled, and no
// layer is asked for.
func TestSkipLayers(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	q := registry.Query{Ref: s.ref(), Platforms: both[:1], SkipLayers: true}
	expect(t, probe(t, q, registry.Options{}), registry.StateComplete)
	var blobs int
	for _, r := range s.requests() {
		if r.Step == fault.Blob {
			blobs++
		}
	}
	if blobs != 1 {
		t.Errorf("%d blobs are asked for, not the config alone", blobs)
	}
	q.Identity = "another"
	expect(t, probe(t, q, registry.Options{}), registry.StateInvalid)
}

func has(r *registry.Result, platform string) bool {
	_, found := r.Child(platform)
	return found
}

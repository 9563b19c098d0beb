package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

const byAge = "published before the label"

// unlabelled is a base image whose tag was published without a label, and its
// row of the table.
func unlabelled(t *testing.T) (sandbox.Base, *lab.Published, []string) {
	t.Helper()
	_, b, ref := unpublished(t)
	p, err := push(t.Context(), ref, nil, sandbox.Platforms()...)
	if err != nil {
		t.Fatal(err)
	}
	return b, p, []string{p.Digest, p.Children["linux/amd64"], p.Children["linux/arm64"]}
}

// another is a row of digests that name nothing.
func another() []string { return []string{"sha256:" + strings.Repeat("0", 64)} }

// rows are the tables with which an unlabelled tag is judged.
func rows(known []string) map[string]struct {
	table    map[string][]string
	accepted bool
	hint     string // that the remedy names
} {
	name := identity[:tag.Length]
	return map[string]struct {
		table    map[string][]string
		accepted bool
		hint     string
	}{
		"known":            {map[string][]string{name: known}, true, ""},
		"known by index":   {map[string][]string{name: known[:1]}, true, ""},
		"not known yet":    {map[string][]string{name: {}}, false, "mage release:legacy"},
		"another digest":   {map[string][]string{name: another()}, false, another()[0]},
		"a child's digest": {map[string][]string{name: known[1:]}, false, known[1]},
		"of another tag":   {map[string][]string{"c00459a7735d": known}, false, ""},
		"no table":         {nil, false, ""},
	}
}

// TestEarlyTagExists: Exists accepts exactly the known digest of an early tag.
func TestEarlyTagExists(t *testing.T) {
	b, p, known := unlabelled(t)
	for name, row := range rows(known) {
		t.Run(name, func(t *testing.T) {
			b.Early = row.table
			want := registry.StateInvalid
			if row.accepted {
				want = registry.StateComplete
			}
			res := stateIs(t, b, want)
			if res.Early != row.accepted || res.Digest != p.Digest || !strings.Contains(res.Hint, row.hint) {
				t.Errorf("%+v", res)
			}
			if says := strings.Contains(res.Reason, byAge); says != (row.accepted || row.hint != "") {
				t.Errorf("reason %q", res.Reason)
			}
			if !row.accepted && !strings.Contains(res.Reason, "does not carry the label "+tag.Label) {
				t.Errorf("reason %q", res.Reason)
			}
		})
	}
}

// TestEarlyTagAtAnImage: the tag itself is known by its index alone; an image of
// the row is accepted where it is asked for by its digest, as a leg is.
func TestEarlyTagAtAnImage(t *testing.T) {
	b, p, known := unlabelled(t)
	b.Early = map[string][]string{identity[:tag.Length]: known}
	leg, err := sandbox.PublishLeg(t.Context(), b, "linux/amd64", sandbox.PublishOptions{})
	if err != nil || leg.Digest != p.Children["linux/amd64"] {
		t.Errorf("%+v, %v", leg, err)
	}
	byDigest := registry.Query{Ref: tag.Ref{Repository: b.Repository, Tag: identity[:tag.Length]}, Digest: leg.Digest, Platforms: []string{"linux/amd64"}, Early: b.Early}
	if res, err := registry.Probe(t.Context(), byDigest, registry.Options{}); err != nil || res.State != registry.StateComplete {
		t.Errorf("%+v, %v", res, err)
	}
	image, err := name.NewDigest(b.Repository + "@" + leg.Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := remote.Get(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Tag(image.Tag(identity[:tag.Length]), manifest); err != nil {
		t.Fatal(err)
	}
	res, err := sandbox.Exists(t.Context(), b, []string{"linux/amd64"}, registry.Options{})
	if err != nil || res.State != registry.StateInvalid || res.Early {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestEarlyTagIsPublished: a known one is complete; no other is built for, and
// force is not the remedy.
func TestEarlyTagIsPublished(t *testing.T) {
	b, p, known := unlabelled(t)
	for name, row := range rows(known) {
		t.Run(name, func(t *testing.T) {
			b.Early = row.table
			builder := &pusher{}
			res, err := publish(t, b, sandbox.PublishOptions{Builder: builder})
			if len(builder.built) > 0 {
				t.Error("it was built")
			}
			if row.accepted {
				if err != nil || res.Outcome != sandbox.OutcomeSkipped || res.Digest != p.Digest || !strings.Contains(res.Reason, byAge) {
					t.Errorf("%+v, %v", res, err)
				}
				return
			}
			e := refusedWith(t, err, registry.StateInvalid)
			if _, early := row.table[identity[:tag.Length]]; strings.Contains(e.Remedy, "force") == early || !strings.Contains(e.Remedy, row.hint) {
				t.Errorf("remedy %q", e.Remedy)
			}
		})
	}
}

// TestEarlyTagIsNotRepaired: an index with another child would not be known.
func TestEarlyTagIsNotRepaired(t *testing.T) {
	b, p, known := unlabelled(t)
	b.Early = map[string][]string{identity[:tag.Length]: known}
	if err := lab.Delete(t.Context(), b.Repository, "manifests", p.Children["linux/arm64"]); err != nil {
		t.Fatal(err)
	}
	builder := &pusher{}
	_, err := publish(t, b, sandbox.PublishOptions{Builder: builder})
	if e := refusedWith(t, err, registry.StateIncomplete); strings.Contains(e.Remedy, "force") || len(builder.built) > 0 {
		t.Errorf("%+v; built %v", e, builder.built)
	}
	if res := stateIs(t, b, registry.StateIncomplete); res.Digest != p.Digest {
		t.Errorf("the tag is at %s", res.Digest)
	}
}

// TestEarlyTagIsPulled: Ensure pulls a known one, finds it again without any
// question to the registry, and builds in place of any other.
func TestEarlyTagIsPulled(t *testing.T) {
	b, p, known := unlabelled(t)
	for name, row := range rows(known) {
		t.Run(name, func(t *testing.T) {
			b := b
			b.Early = row.table
			m := newMemory()
			m.pulled = &engine.Image{ID: "early", Platform: sandbox.HostPlatform(), Digests: []string{b.Repository + "@" + p.Children[sandbox.HostPlatform()]}}
			plan, err := sandbox.Plan(t.Context(), b, m.options(t))
			if err != nil || (plan.Action == sandbox.ActionPull) != row.accepted || strings.Contains(plan.Reason, byAge) != (row.accepted || row.hint != "") {
				t.Errorf("planned: %+v, %v", plan, err)
			}
			var said []sandbox.Notice
			o := m.options(t)
			o.Notify = func(n sandbox.Notice) { said = append(said, n) }
			got, err := sandbox.Ensure(t.Context(), b, o)
			if err != nil || (got.Source == sandbox.SourcePulled) != row.accepted {
				t.Fatalf("%+v, %v", got, err)
			}
			if !row.accepted {
				m.did(t, "build", "tag", "remove") // and no layer of it is pulled
				if !slices.ContainsFunc(said, func(n sandbox.Notice) bool { return n.Warning && strings.Contains(n.Hint, row.hint) }) {
					t.Errorf("%+v", said)
				}
				return
			}
			if !strings.Contains(got.Reason, byAge) || got.Digest != p.Digest {
				t.Errorf("%+v", got)
			}
			if len(row.table[identity[:tag.Length]]) == 1 {
				return // the images' digests are not known: it is asked again
			}
			b.Repository = "127.0.0.1:1/" + strings.SplitN(b.Repository, "/", 2)[1] // no registry
			m.images[b.Repository+":"+identity[:tag.Length]] = m.pulled
			again, err := sandbox.Ensure(t.Context(), b, o)
			if err != nil || again.Source != sandbox.SourceLocal || !strings.Contains(again.Reason, byAge) {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/label"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/tag"
)

// check is what was found of one required platform: its image, or why it is
// missing, or an error that makes the whole answer doubtful.
type check struct {
	child   Child
	missing string
	err     error
}

// checkAll asks for the required platforms side by side: the time of a probe
// is the time of its slowest child, not their sum.
// Those of an early index need no label.
func (s *session) checkAll(ctx context.Context, offered []offer, q Query, early bool) []check {
	checks := make([]check, len(q.Platforms))
	var wg sync.WaitGroup
	for i, p := range q.Platforms {
		o, found := pick(offered, p)
		if !found {
			checks[i].missing = "no image for " + p
			continue
		}
		wg.Go(func() {
			checks[i] = s.check(ctx, o, q, early)
		})
	}
	wg.Wait()
	return checks
}

// pick returns the first offer for a platform; without one, an offer whose
// platform is not known, which may be it.
func pick(offered []offer, platform string) (offer, bool) {
	for _, want := range []string{platform, ""} {
		for _, o := range offered {
			if o.platform == want {
				return o, true
			}
		}
	}
	return offer{}, false
}

// check follows one child to its config and compares what the three say.
func (s *session) check(ctx context.Context, o offer, q Query, early bool) check {
	if o.refused != "" {
		return check{err: &failure{state: StateInvalid, reason: "index: " + o.refused}}
	}
	what := "child " + o.platform
	invalid := func(format string, args ...any) check {
		return check{err: &failure{state: StateInvalid, reason: what + ": " + fmt.Sprintf(format, args...)}}
	}
	gone := check{missing: fmt.Sprintf("%s is in the index, but its child %s is gone", o.platform, o.digest)}
	doc := o.doc
	if doc == nil {
		var err error
		if doc, err = s.manifest(ctx, o.digest.String(), what); err != nil {
			if errors.Is(err, errGone) {
				return gone
			}
			return check{err: err}
		}
	}
	if !doc.mediaType.IsImage() {
		return invalid("it is an index inside the index")
	}
	m, err := parseImage(doc, what)
	if err != nil {
		return check{err: err}
	}
	for _, d := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		if len(d.URLs) > 0 {
			// An engine would ask whatever address stands there, from inside the
			// user's network. No image that is built here needs that.
			return invalid("a part of it lies elsewhere, at %q", sanitize.Line(d.URLs[0]))
		}
	}
	found := check{child: childOf(o.platform, doc, m)}
	c, err := s.config(ctx, doc, what)
	switch {
	case err != nil && q.SkipLayers:
		return found // the pull tells: an engine may go where we do not
	case errors.Is(err, errGone):
		return gone
	case err != nil:
		return check{err: err}
	case c.platform != o.platform:
		return invalid("the image is for %s", sanitize.Line(c.platform))
	case early: // known by its digest
	case c.labels[tag.Label] == "":
		suffix, hint := label.Missing(q.Early, q.Ref.Tag)
		return check{err: &failure{state: StateInvalid, reason: what + ": the image " + label.NotCarried + suffix, hint: hint}}
	case !q.wants(c.labels[tag.Label]):
		return invalid("the image was built from another Containerfile%s", label.Suffix(c.labels[tag.Label]))
	}
	if q.SkipLayers {
		return found
	}
	if missing, err := s.missingLayer(ctx, m, what); missing != "" || err != nil {
		return check{missing: missing, err: err}
	}
	return found
}

// isEarly reports whether a digest is one by which the tag is known, though it
// was published before the label. A tag is known by its index alone.
func (q Query) isEarly(digest string) bool {
	known := q.Early[q.Ref.Tag]
	if q.Digest == "" {
		known = known[:min(1, len(known))]
	}
	return slices.Contains(known, digest)
}

// wants reports whether a label names the Containerfile that is asked for.
func (q Query) wants(identity string) bool {
	if q.Identity != "" {
		return identity == q.Identity
	}
	return tag.IsIdentity(identity) && identity[:tag.Length] == q.Ref.Tag
}

// missingLayer tells which of an image's layers the registry does not hold:
// a manifest is there still when clean-up or a lost disk has taken a layer,
// and the image cannot be pulled.
func (s *session) missingLayer(ctx context.Context, m *v1.Manifest, what string) (missing string, err error) {
	for _, l := range m.Layers {
		if l.Digest.Algorithm != "sha256" {
			return "", &failure{state: StateInvalid, reason: what + ": a layer's digest is not SHA-256"}
		}
	}
	errs := make([]error, len(m.Layers))
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range min(maxConns, len(m.Layers)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(errs) && !failed.Load(); i = int(next.Add(1)) - 1 {
				errs[i] = s.holds(ctx, m.Layers[i].Digest, what+", layer")
				failed.CompareAndSwap(false, errs[i] != nil)
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		switch {
		case errors.Is(err, errGone):
			return fmt.Sprintf("%s is there, but its layer %s is gone", what, m.Layers[i].Digest), nil
		case err != nil:
			return "", err
		}
	}
	return "", nil
}

func childOf(platform string, doc *document, m *v1.Manifest) Child {
	c := Child{
		Platform: platform, Digest: doc.digest.String(), MediaType: string(doc.mediaType),
		Size: int64(len(doc.body)), ImageSize: m.Config.Size,
	}
	for _, l := range m.Layers {
		c.ImageSize += l.Size
	}
	return c
}

// Package registry tells what a registry holds under a ref, and never guesses.
//
// [Probe] is the one probe of the project: CI decides by it whether to build,
// a host whether to pull. It gets the tag's manifest, checks digest, size and
// media type, and asks for every required platform's own manifest, config and
// layers, because a tag alone proves nothing: clean-up jobs delete children.
// The outcome is a [State], and a doubt is never read as "not there".
//
// What it judges are the answers to GET requests: a HEAD answer has no body and
// so no error code. Only layers are asked for by HEAD, and believed when the
// answer is yes.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/label"
	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/tag"
)

// Query is what a probe asks for.
type Query struct {
	Ref tag.Ref
	// Sources are the repositories that are asked, in order, instead of the
	// ref's: one that has the image ends the search. Empty: the ref's.
	Sources   []string
	Digest    string   // sha256:…; asks for this manifest of the repository instead of the tag
	Platforms []string // required, os/arch[/variant]; at least one
	Identity  string   // what the label [tag.Label] of every required platform must say; empty: any identity with the ref's tag
	// Early are the tags that were published before images were labelled, and by
	// which digests, sha256:…, they are known: first that of the index; none: not
	// known yet. The label is not asked of the index that is known so.
	Early map[string][]string
	// SkipLayers does not ask for the layers, and takes an image for one that is
	// wanted whose config was not to be had. It is for callers that pull the image
	// at once and look at it then.
	SkipLayers bool
	// Writer asks as a [Writer] does: with the stored login alone, and for the
	// right to push. Who may push may know what others are denied.
	Writer bool
}

// Options bound a probe. The zero value is a host's: impatient.
type Options struct {
	ConnectTimeout time.Duration // TCP connection, and TLS handshake; default 2 s
	HeaderTimeout  time.Duration // from a request to its answer's header; default 3 s
	Timeout        time.Duration // one attempt; without Retry.Timeouts all of them, waits for a 429 aside; default 8 s
	Retry          Retry         // zero: [HostRetry]
	Anonymous      bool          // use no stored login
	// TrustHosts lists, by a registry's host, other hosts that get its login where
	// the registry wants it there, and that may be inside the network: token servers
	// and where layers are, host or host:port. Hosts of the registry's own domain
	// need no such word for the login.
	TrustHosts map[string][]string
	// Access is how the engine reaches registries that is to pull; nil: no engine
	// is, and the registry is asked as the environment and the logins of podman
	// and docker say.
	Access *access.Access

	find func(ctx context.Context, repository string) ([]login.Login, []string) // logins, where Access tells of none
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.ConnectTimeout, limit.Connect)
	def(&o.HeaderTimeout, limit.Header)
	def(&o.Timeout, limit.Probe)
	if o.Retry == (Retry{}) {
		o.Retry = HostRetry
	}
	if o.find == nil {
		o.find = everyLogin()
	}
	return o
}

// Probe asks the registry for q and tells what it holds. An error means that
// nothing was learned because the question is wrong (a platform that is none)
// or because ctx ended; everything a registry can say or fail to say is a
// Result.
func Probe(ctx context.Context, q Query, o Options) (*Result, error) {
	o = o.withDefaults()
	var err error
	if q.Platforms, err = normalizeAll(q.Platforms); err != nil {
		return nil, err
	}
	return q.probeAll(ctx, o)
}

// probe asks one place, again where that may help.
func probe(ctx context.Context, at place, q Query, o Options) (*Result, error) {
	var spent time.Duration
	return o.Retry.run(ctx, func(ctx context.Context) (*Result, *failure) {
		budget := o.Timeout
		if !o.Retry.Timeouts {
			budget -= spent // a host's patience is for the whole probe
		}
		start := time.Now()
		defer func() { spent += time.Since(start) }()
		ctx, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		return attempt(ctx, at, q, o)
	})
}

// normalizeAll returns the platforms by [platform.Normalize], each once.
func normalizeAll(platforms []string) ([]string, error) {
	var all []string
	for _, p := range platforms {
		n, err := platform.Normalize(p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no platform is asked for")
	}
	return all, nil
}

// attempt probes with each stored login until one is not rejected, and then
// without: base images are public, and a stale login must not hide them. A
// writer has to do with the first one.
func attempt(ctx context.Context, at place, q Query, o Options) (*Result, *failure) {
	logins, warnings := o.stored(ctx, at)
	// Engines end at what they cannot use, where the probe goes on.
	passedOver := len(warnings) > 0
	if q.Writer && len(logins) > 0 {
		logins = logins[:1]
	} else {
		logins = append(logins, credential{})
	}
	var res *Result
	var fail *failure
	hint := "sign in with `podman login " + at.host + "` or `docker login " + at.host + "`, or ask for the image to be made public"
	for i, l := range logins {
		if res, fail = attemptAs(ctx, at, l, q, o); fail != nil && fail.withheld {
			hint = cmp.Or(fail.hint, hint)
			warnings = append(warnings, sanitize.Line(fmt.Sprintf("the login for %s from %s was not used (%s); %s", at.host, l.Source, fail.reason, hint)))
		} else if res.State == StateDenied && !l.anonymous() {
			warnings = append(warnings, sanitize.Line(fmt.Sprintf("the login for %s from %s was rejected; trying %s", at.host, l.Source, next(logins[i+1:]))))
		}
		res.Anonymous, res.IgnoreLogins = l.anonymous(), fail == nil && (l.anonymous() || !res.challenged)
		if res.State != StateDenied {
			if (i > 0 || passedOver) && !l.anonymous() {
				res.Login = &l.Login
			}
			break
		}
	}
	if res.State == StateDenied {
		res.Hint = hint
	}
	res.Warnings = warnings
	return res, fail
}

// next names the login that is tried next.
func next(logins []credential) string {
	if len(logins) == 0 || logins[0].anonymous() {
		return "without it"
	}
	return "the one from " + logins[0].Source
}

func attemptAs(ctx context.Context, at place, l credential, q Query, o Options) (*Result, *failure) {
	base := connectionsTo(at, o)
	defer base.CloseIdleConnections()
	res := &Result{Ref: q.Ref.String()}
	scope := pull
	if q.Writer {
		scope = push
	}
	s, err := open(ctx, at, l, base, o.HeaderTimeout, scope)
	if err == nil {
		err = s.walk(ctx, q, res)
		res.challenged = s.guard.wanted.Load()
	}
	hidden := l.secrets()
	if err == nil {
		res.Reason = withoutSecrets(res.Reason, hidden)
		for i, p := range res.Platforms {
			res.Platforms[i] = withoutSecrets(p, hidden)
		}
		return res, nil
	}
	f := asFailure(err)
	f.reason = withoutSecrets(f.reason, hidden)
	failed := q.failed(f)
	failed.Digest = res.Digest
	return failed, f
}

// walk follows the tag to every required child and fills res.
func (s *session) walk(ctx context.Context, q Query, res *Result) error {
	what, identifier := "tag", q.Ref.Tag
	if q.Digest != "" {
		what, identifier = "manifest", q.Digest
	}
	doc, err := s.manifest(ctx, identifier, what+" "+identifier)
	if errors.Is(err, errGone) {
		res.State, res.Missing = StateAbsent, q.Platforms
		res.Reason = fmt.Sprintf("%s has no %s %s", q.Ref.Repository, what, identifier)
		return nil
	}
	if err != nil {
		return err
	}
	res.Digest = doc.digest.String()
	offered, err := s.offers(ctx, doc)
	if err != nil {
		return err
	}
	res.Early = q.isEarly(res.Digest)
	checks := s.checkAll(ctx, offered, q, res.Early)
	var reasons []string
	for i, c := range checks {
		switch {
		case c.err != nil:
			return c.err
		case c.missing != "":
			res.Missing = append(res.Missing, q.Platforms[i])
			reasons = append(reasons, c.missing)
		default:
			res.Children = append(res.Children, c.child)
		}
	}
	res.Platforms = without(offered, res.Missing)
	res.State, res.Reason = StateComplete, strings.Join(q.Platforms, ", ")+" there"
	if res.Early {
		res.Reason += label.ByAge
	}
	if len(reasons) > 0 {
		res.State, res.Reason = StateIncomplete, strings.Join(reasons, "; ")
	}
	return nil
}

// offer is one image that a tag holds out for a platform.
type offer struct {
	platform string // empty: not known
	digest   v1.Hash
	doc      *document // already fetched, where the tag names an image itself
	refused  string    // why the entry is no image to take; empty: it may be one
}

// offers lists what a tag's manifest offers. An image without an index, as an
// engine's own push makes it, is an index of one.
func (s *session) offers(ctx context.Context, doc *document) ([]offer, error) {
	if doc.mediaType.IsImage() {
		c, err := s.config(ctx, doc, "image")
		if errors.Is(err, errGone) {
			return nil, nil // without a config it has no platform
		}
		if err != nil {
			return nil, err
		}
		return []offer{{platform: c.platform, digest: doc.digest, doc: doc}}, nil
	}
	return indexOffers(doc)
}

// indexOffers lists what an index offers. Attestations, other artefacts and
// entries whose platform is none are left out: no engine would choose them. An
// index inside the index is listed, without a platform too, since an engine
// would look into it. An index of nothing but platforms that are none is refused.
func indexOffers(doc *document) ([]offer, error) {
	index, err := parseIndex(doc, "index")
	if err != nil {
		return nil, err
	}
	var offered []offer
	var odd error
	for _, m := range index.Manifests {
		o := offer{platform: platformOf(m.Platform)}
		nested := m.MediaType.IsIndex()
		if o.platform == "unknown/unknown" || o.platform == "" && !nested {
			continue
		}
		if _, err := platform.Normalize(o.platform); err != nil && o.platform != "" {
			odd = &failure{state: StateInvalid, reason: "index: " + sanitize.Line(err.Error())}
			continue
		}
		if o.digest, err = v1.NewHash(m.Digest); err != nil {
			o.refused = fmt.Sprintf("the index cannot be read: %s has no digest", o.platform)
		} else if o.digest.Algorithm != "sha256" {
			o.refused = fmt.Sprintf("the digest of %s is not SHA-256", o.platform)
		}
		if nested {
			o.refused = "it holds an index where an image is due"
		}
		offered = append(offered, o)
	}
	if len(offered) == 0 && odd != nil {
		return nil, odd
	}
	return offered, nil
}

func (s *session) config(ctx context.Context, doc *document, what string) (imageConfig, error) {
	m, err := parseImage(doc, what)
	if err != nil {
		return imageConfig{}, err
	}
	body, err := s.blob(ctx, m.Config.Digest, what)
	if err != nil {
		return imageConfig{}, err
	}
	return parseConfig(body, what)
}

// without lists the platforms that are offered and not missing.
func without(offered []offer, missing []string) []string {
	var rest []string
	for _, o := range offered {
		if o.refused == "" && !slices.Contains(missing, o.platform) {
			rest = append(rest, o.platform)
		}
	}
	return rest
}

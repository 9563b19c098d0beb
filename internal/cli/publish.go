package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// PublishJSON is the JSON of push and release:base.
type PublishJSON struct {
	Ref        string      `json:"ref"`
	Tag        string      `json:"tag"`
	Identity   string      `json:"identity"`
	Digest     string      `json:"digest"` // of the index
	Action     string      `json:"action"` // skipped, published or repaired
	State      string      `json:"state"`  // of the registry before
	Reason     string      `json:"reason"`
	Platforms  []ChildJSON `json:"platforms"`
	DurationMS int64       `json:"duration_ms"`
}

// ChildJSON is one platform's image.
type ChildJSON struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"`
	Size     int64  `json:"size"` // of config and layers as they are transferred, in bytes
}

// PublishFlags are what push, release:base and release:leg take beside
// [Flags]; nil where one was not given.
type PublishFlags struct {
	Builder *string // name of a buildx builder
	Legs    *string // platform=digest, separated by commas or spaces ($OPENLOCK_LEGS)
	Force   *string // digest of the tag to replace
	NoCache bool
	// Check looks at the Containerfile before anything else is done; nil: nobody
	// does. It is handed in, as builders are.
	Check func(containerfile []byte) error
}

// FindBuilder returns the builder that a runtime (auto, docker or podman) and
// a buildx builder's name choose. It is handed in, so that programs that
// publish nothing do not link builders.
type FindBuilder func(ctx context.Context, runtime, name string, o registry.Options, out io.Writer) (sandbox.Builder, error)

// Publish publishes the image where it is not, and prints its ref.
func (a *App) Publish(ctx context.Context, p PublishFlags, find FindBuilder) error {
	s, err := a.start()
	if err != nil {
		return err
	}
	o, err := a.publishOptions(ctx, s, p, find)
	if err != nil {
		return err
	}
	res, err := sandbox.Publish(ctx, s.base, o)
	a.GitHub.EndGroup()
	if err != nil {
		return ends(ctx, err)
	}
	a.say(fmt.Sprintf("%s %s: %s", res.Outcome, res.Ref, res.Reason))
	if err := a.tellGitHub(res); err != nil {
		return err
	}
	return a.print(res.Ref.String(), publishJSON(res))
}

// Leg builds one platform and pushes it without a tag, and prints its digest.
func (a *App) Leg(ctx context.Context, name string, p PublishFlags, find FindBuilder) error {
	s, err := a.start()
	if err != nil {
		return err
	}
	if name, err = platform.Normalize(name); err != nil {
		return &UsageError{Err: err}
	}
	o, err := a.publishOptions(ctx, s, p, find)
	if err != nil {
		return err
	}
	c, err := sandbox.PublishLeg(ctx, s.base, name, o)
	a.GitHub.EndGroup()
	if err != nil {
		return ends(ctx, err)
	}
	err = a.GitHub.Set(
		github.Output{Name: "digest", Value: c.Digest},
		github.Output{Name: "leg", Value: c.Platform + "=" + c.Digest},
		// A name for each platform, since the jobs of a matrix share their outputs.
		github.Output{Name: strings.NewReplacer("/", "_", ".", "_").Replace(c.Platform), Value: c.Platform + "=" + c.Digest},
	)
	if err != nil {
		return err
	}
	return a.print(c.Digest, ChildJSON{Platform: c.Platform, Digest: c.Digest, Size: c.ImageSize})
}

// Gate fails unless everybody can pull the image for every platform.
func (a *App) Gate(ctx context.Context) error {
	s, err := a.start()
	if err != nil {
		return err
	}
	digest, err := sandbox.CheckPublic(ctx, s.base, sandbox.PublishOptions{Registry: s.registry, Notify: a.notify})
	if err != nil {
		return ends(ctx, err)
	}
	ref, err := s.base.Ref()
	if err != nil {
		return err
	}
	return a.print(ref.String(), map[string]string{"ref": ref.String(), "digest": digest})
}

func (a *App) publishOptions(ctx context.Context, s settings, p PublishFlags, find FindBuilder) (sandbox.PublishOptions, error) {
	if p.Check != nil {
		if err := p.Check(s.base.Containerfile); err != nil {
			return sandbox.PublishOptions{}, err
		}
	}
	s.registry.Retry = registry.CIRetry
	o := sandbox.PublishOptions{NoCache: p.NoCache, Registry: s.registry, Notify: a.notifyGrouped()}
	var err error
	if o.Legs, err = a.parseLegs(p.Legs); err != nil {
		return o, err
	}
	if p.Force != nil {
		if _, err := v1.NewHash(*p.Force); err != nil {
			return o, &UsageError{Err: fmt.Errorf("-force %q is not a digest, sha256:<64 hex digits>", *p.Force), Remedy: "say which digest is to be replaced; `exists` with JSON shows it"}
		}
		o.Force = *p.Force
	}
	if complete(o.Legs) {
		return o, nil
	}
	name := ""
	if p.Builder != nil {
		if name = *p.Builder; name == "" || strings.HasPrefix(name, "-") {
			return o, &UsageError{Err: fmt.Errorf("%q is not the name of a builder", name), Remedy: "see `docker buildx ls`"}
		}
	}
	o.Builder = lazyBuilder(func(ctx context.Context) (sandbox.Builder, error) {
		return find(ctx, s.runtime, name, o.Registry, newHeld(a.Err, a.Quiet))
	})
	return o, nil
}

func complete(legs map[string]string) bool {
	for _, p := range sandbox.Platforms() {
		if legs[p] == "" {
			return false
		}
	}
	return true
}

// parseLegs reads platform=digest pairs.
func (a *App) parseLegs(flag *string) (map[string]string, error) {
	text := a.Program.pick(flag, "LEGS", nil, "").text
	legs := map[string]string{}
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		name, digest, found := strings.Cut(pair, "=")
		bad := func(why string) error {
			return &UsageError{Err: fmt.Errorf("leg %q: %s", pair, why), Remedy: "a leg is platform=digest, such as linux/arm64=sha256:…, as release:leg gives it"}
		}
		if !found {
			return nil, bad("it has no digest")
		}
		name, err := platform.Normalize(name)
		if err != nil {
			return nil, bad(err.Error())
		}
		if _, err := v1.NewHash(digest); err != nil {
			return nil, bad("its digest is not sha256:<64 hex digits>")
		}
		if legs[name] != "" && legs[name] != digest {
			return nil, bad("there are two for its platform")
		}
		legs[name] = digest
	}
	return legs, nil
}

// notifyGrouped says notices, on GitHub each with a group of its own for what
// a builder prints after it.
func (a *App) notifyGrouped() func(sandbox.Notice) {
	return func(n sandbox.Notice) {
		switch {
		case a.GitHub == nil:
			a.notify(n)
		case n.Warning:
			a.notify(n)
			a.GitHub.Warning(a.Program.Name, n.Text)
		default:
			a.GitHub.Group(n.Text)
		}
	}
}

func publishJSON(res *sandbox.PublishResult) PublishJSON {
	v := PublishJSON{
		Ref: res.Ref.String(), Tag: res.Ref.Tag, Identity: res.Identity, Digest: res.Digest, Action: string(res.Outcome),
		State: string(res.State), Reason: res.Reason, DurationMS: res.Duration.Milliseconds(), Platforms: []ChildJSON{},
	}
	for _, c := range res.Children {
		v.Platforms = append(v.Platforms, ChildJSON{Platform: c.Platform, Digest: c.Digest, Size: c.ImageSize})
	}
	return v
}

func (a *App) tellGitHub(res *sandbox.PublishResult) error {
	var platforms []string
	rows := [][2]string{{"ref", res.Ref.String()}, {"digest", res.Digest}, {"action", string(res.Outcome)}, {"reason", res.Reason}}
	for _, c := range res.Children {
		platforms = append(platforms, c.Platform)
		rows = append(rows, [2]string{c.Platform, fmt.Sprintf("%.1f MB, %s", float64(c.ImageSize)/1e6, c.Digest)})
	}
	rows = append(rows, [2]string{"time", fmt.Sprintf("%.1f s", res.Duration.Seconds())})
	return errors.Join(
		a.GitHub.Set(
			github.Output{Name: "ref", Value: res.Ref.String()}, github.Output{Name: "tag", Value: res.Ref.Tag},
			github.Output{Name: "digest", Value: res.Digest}, github.Output{Name: "state", Value: string(registry.StateComplete)},
			github.Output{Name: "action", Value: string(res.Outcome)}, github.Output{Name: "reason", Value: res.Reason},
			github.Output{Name: "platforms", Value: strings.Join(platforms, ",")},
		),
		a.GitHub.Summarize(a.Program.Name+"'s base image", rows),
	)
}

// lazyBuilder looks for the builder only when one is needed: where everything
// is published, no builder is touched, or even has to be there.
func lazyBuilder(find func(context.Context) (sandbox.Builder, error)) sandbox.Builder {
	return &lazy{find: find}
}

type lazy struct {
	find  func(context.Context) (sandbox.Builder, error)
	found sandbox.Builder
}

func (l *lazy) Name() string {
	if l.found == nil {
		return "a builder"
	}
	return l.found.Name()
}

func (l *lazy) Check(ctx context.Context, platforms []string) (err error) {
	if l.found, err = l.find(ctx); err != nil {
		return err
	}
	return l.found.Check(ctx, platforms)
}

func (l *lazy) Build(ctx context.Context, r sandbox.LegRequest) ([]string, error) {
	if l.found == nil {
		return nil, errors.New("the builder was not checked")
	}
	return l.found.Build(ctx, r)
}

// ReportGitHub makes an annotation of an error, with its remedies.
func (a *App) ReportGitHub(err error) {
	if a.GitHub == nil || err == nil {
		return
	}
	m := explain(err)
	a.GitHub.EndGroup()
	a.GitHub.Error(a.Program.Name, sanitize.Line(strings.Join(m.texts, "; "))+hints(m.hints))
}

func hints(all []string) string {
	var b strings.Builder
	for _, h := range all {
		if h != "" {
			b.WriteString("\nhint: " + sanitize.Line(h))
		}
	}
	return b.String()
}

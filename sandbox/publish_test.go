package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// pusher is a builder that builds nothing and pushes for real: a small image
// for each platform, by its digest. It is for faults and for speed; package
// builder is tested with real builders.
type pusher struct {
	mu     sync.Mutex
	asked  int
	built  [][]string
	unfit  error
	fail   error
	before func() // called before it pushes
	label  string // in place of the right one
	run    string // makes other bits than other runs
}

func (p *pusher) Name() string { return "pusher" }

func (p *pusher) Check(context.Context, []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.unfit
}

func (p *pusher) Build(ctx context.Context, r leg.Request) ([]string, error) {
	p.mu.Lock()
	p.built = append(p.built, r.Platforms)
	p.mu.Unlock()
	if p.before != nil {
		p.before()
	}
	if p.fail != nil {
		return nil, p.fail
	}
	label := r.Labels[tag.Label]
	if p.label != "" {
		label = p.label
	}
	// A tag of the test's own: the real one must not be seen.
	labels := map[string]string{tag.Label: label, "run": p.run}
	res, err := push(ctx, tag.Ref{Repository: r.Repository, Tag: "pushed-by-test"}, labels, r.Platforms...)
	if err != nil {
		return nil, &leg.PushError{Err: err}
	}
	var digests []string
	for _, platform := range r.Platforms {
		digests = append(digests, res.Children[platform])
	}
	return digests, nil
}

var quickRetry = registry.Retry{Tries: 2, Interval: time.Millisecond, ThrottleMax: 500 * time.Millisecond}

func toPublish(r *lab.Registry) sandbox.Base {
	return sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: r.Host() + "/vessux/openlock-base"}
}

func publish(t *testing.T, b sandbox.Base, o sandbox.PublishOptions) (*sandbox.PublishResult, error) {
	t.Helper()
	o.Registry.Retry = quickRetry
	if o.VisibilityTimeout == 0 {
		o.VisibilityTimeout = 500 * time.Millisecond
	}
	return sandbox.Publish(labtest.Context(t, time.Minute), b, o)
}

func stateIs(t *testing.T, b sandbox.Base, want registry.State) *registry.Result {
	t.Helper()
	res, err := sandbox.Exists(t.Context(), b, nil, registry.Options{})
	if err != nil || res.State != want {
		t.Fatalf("%+v, %v; want %s", res, err, want)
	}
	return res
}

func refusedWith(t *testing.T, err error, want registry.State) *sandbox.StateError {
	t.Helper()
	e := new(sandbox.StateError)
	if !errors.As(err, &e) || e.State != want {
		t.Fatalf("%v, want a refusal with %s", err, want)
	}
	return e
}

func TestPublishDecides(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	p := &pusher{}
	first, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || first.Outcome != sandbox.OutcomePublished || len(first.Children) != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || again.Outcome != sandbox.OutcomeSkipped || again.Digest != first.Digest || p.asked != 1 {
		t.Fatalf("%+v, %v; the builder was asked %d times", again, err, p.asked)
	}
	if err := lab.Delete(t.Context(), b.Repository, "manifests", first.Children[1].Digest); err != nil {
		t.Fatal(err)
	}
	repaired, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	if err != nil || repaired.Outcome != sandbox.OutcomeRepaired || repaired.Children[0] != first.Children[0] {
		t.Fatalf("%+v, %v", repaired, err)
	}
	if repaired.Digest != first.Digest {
		t.Errorf("the same bits make another index, %s", repaired.Digest)
	}
	if got := p.built[1]; len(got) != 1 || got[0] != "linux/arm64" {
		t.Errorf("to repair arm64, %q was built", got)
	}
	stateIs(t, b, registry.StateComplete)
}

// TestRepairKeepsWhatIsThere, also where a build makes other bits each time.
func TestRepairKeepsWhatIsThere(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	first, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{run: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Delete(t.Context(), b.Repository, "manifests", first.Children[1].Digest); err != nil {
		t.Fatal(err)
	}
	repaired, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{run: "2"}})
	if err != nil || repaired.Outcome != sandbox.OutcomeRepaired {
		t.Fatalf("%+v, %v", repaired, err)
	}
	if repaired.Children[0] != first.Children[0] || repaired.Children[1] == first.Children[1] || repaired.Digest == first.Digest {
		t.Errorf("%+v\nbecame %+v", first, repaired)
	}
	if now := stateIs(t, b, registry.StateComplete); now.Digest != repaired.Digest {
		t.Errorf("%s is under the tag", now.Digest)
	}
}

// breaks returns what breaks a registry as step/fault says, such as upload/500.
func breaks(t *testing.T, name string) func(http.Handler) http.Handler {
	t.Helper()
	step, kind, _ := strings.Cut(name, "/")
	f, ok := fault.Named(fault.Step(step), kind)
	if !ok {
		t.Fatalf("no fault %s", name)
	}
	return func(inner http.Handler) http.Handler { return fault.Handler(inner, f) }
}

// TestPublishInDoubt: where the registry's answer is a doubt, nothing is
// built, and nothing is put under the tag.
func TestPublishInDoubt(t *testing.T) {
	for name, want := range map[string]registry.State{
		"ping/silent":  registry.StateUnreachable,
		"manifest/429": registry.StateThrottled, "manifest/500": registry.StateUnreachable, "manifest/html": registry.StateInvalid,
		"manifest/silent": registry.StateUnreachable, "manifest/reset": registry.StateUnreachable,
		"upload/429": registry.StateThrottled, "upload/500": registry.StateUnreachable, "upload/html": registry.StateInvalid,
		"upload/403": registry.StateDenied, "upload/401": registry.StateDenied, "upload/reset": registry.StateUnreachable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := labtest.Registry(t)
			broken := breaks(t, name)
			r.Wrap(broken)
			b, p := toPublish(r), &pusher{}
			o := sandbox.PublishOptions{Builder: p}
			if strings.HasSuffix(name, "/silent") {
				o.Registry.HeaderTimeout, o.Registry.Timeout = 300*time.Millisecond, 900*time.Millisecond
			}
			_, err := publish(t, b, o)
			refusedWith(t, err, want)
			if len(p.built) > 0 {
				t.Error("it was built")
			}
			r.Wrap(nil)
			stateIs(t, b, registry.StateAbsent)
		})
	}
}

// TestPublishLosesRegistry: a registry that fails after the permission was
// given leaves no tag, whatever it fails at, and the next run completes.
func TestPublishLosesRegistry(t *testing.T) {
	for name, want := range map[string]registry.State{
		"upload/reset": registry.StateUnreachable, "upload/500": registry.StateUnreachable, "upload/429": registry.StateThrottled, "upload/403": registry.StateDenied,
		"manifest/500": registry.StateUnreachable, "child/500": registry.StateUnreachable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := labtest.Registry(t)
			broken := breaks(t, name)
			b := toPublish(r)
			p := &pusher{before: func() { r.Wrap(broken) }}
			_, err := publish(t, b, sandbox.PublishOptions{Builder: p})
			refusedWith(t, err, want)
			r.Wrap(nil)
			stateIs(t, b, registry.StateAbsent)
			p.before = nil
			if res, err := publish(t, b, sandbox.PublishOptions{Builder: p}); err != nil || res.Outcome != sandbox.OutcomePublished {
				t.Errorf("the next run: %+v, %v", res, err)
			}
		})
	}
}

// TestPublishTogether: of two runs at once, both succeed, with one index.
func TestPublishTogether(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	var wg sync.WaitGroup
	var digests [2]string
	for i := range digests {
		wg.Go(func() {
			res, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{}}) // the same bits, as builders make
			if err != nil {
				t.Error(err)
				return
			}
			digests[i] = res.Digest
		})
	}
	wg.Wait()
	if digests[0] != digests[1] || digests[0] != stateIs(t, b, registry.StateComplete).Digest {
		t.Errorf("%q", digests)
	}
}

func TestPublishNeverOverwrites(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	foreign := mustPush(t, ref, "of another file", "")
	p := &pusher{}
	_, err = publish(t, b, sandbox.PublishOptions{Builder: p})
	e := refusedWith(t, err, registry.StateInvalid)
	if !strings.Contains(e.Remedy, foreign.Digest) {
		t.Errorf("the hint %q does not name what is there", e.Remedy)
	}
	other := "sha256:" + strings.Repeat("0", 64)
	unfit := new(leg.Error)
	if _, err := publish(t, b, sandbox.PublishOptions{Builder: p, Force: other}); !errors.As(err, &unfit) {
		t.Errorf("forced with a wrong digest: %v", err)
	}
	if len(p.built) > 0 {
		t.Error("it was built")
	}
	res, err := publish(t, b, sandbox.PublishOptions{Builder: p, Force: foreign.Digest})
	if err != nil || res.Outcome != sandbox.OutcomePublished || !strings.Contains(res.Reason, foreign.Digest) {
		t.Fatalf("%+v, %v", res, err)
	}
	stateIs(t, b, registry.StateComplete)
}

// oneDigest is a builder that returns one digest, for however many platforms.
type oneDigest struct{ *pusher }

func (b oneDigest) Build(ctx context.Context, r leg.Request) ([]string, error) {
	digests, err := b.pusher.Build(ctx, r)
	return digests[:1], err
}

func TestPublishRefusesWhatWasBuilt(t *testing.T) {
	r := labtest.Registry(t)
	b := toPublish(r)
	_, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{label: "another"}})
	refusedWith(t, err, registry.StateInvalid)
	stateIs(t, b, registry.StateAbsent)
	if _, err := publish(t, b, sandbox.PublishOptions{Builder: oneDigest{&pusher{}}}); err == nil || !strings.Contains(err.Error(), "returned 1 digests for 2 platforms") {
		t.Errorf("one digest for two platforms: %v", err)
	}
	stateIs(t, b, registry.StateAbsent)
	want := &leg.Error{Reason: "it has one arm"}
	if _, err := publish(t, b, sandbox.PublishOptions{Builder: &pusher{unfit: want}}); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
	if _, err := publish(t, b, sandbox.PublishOptions{}); !strings.Contains(err.Error(), "there is no leg for linux/amd64, linux/arm64") {
		t.Errorf("neither legs nor builder: %v", err)
	}
}

// TestPublishPrivate: denied is not absent. Who may push publishes; and what
// the world cannot pull is said, and stays.
func TestPublishPrivate(t *testing.T) {
	r := labtest.Registry(t)
	private := fault.Private{Logins: []fault.Login{{User: "robot", Password: "hunter2"}}}
	r.Wrap(func(inner http.Handler) http.Handler { return fault.Bearer(inner, private) })
	b := toPublish(r)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	p := &pusher{}
	_, err := publish(t, b, sandbox.PublishOptions{Builder: p})
	refusedWith(t, err, registry.StateDenied)
	if len(p.built) > 0 {
		t.Error("it was built though it may not be pushed")
	}
	config := `{"auths": {"` + r.Host() + `": {"auth": "cm9ib3Q6aHVudGVyMg=="}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// The test's builder has no login; the registry lets it in while it pushes.
	p.before = func() { r.Wrap(nil) }
	private.Anonymous = false
	once := sync.OnceFunc(func() {
		r.Wrap(func(inner http.Handler) http.Handler { return fault.Bearer(inner, private) })
	})
	notify := func(n sandbox.Notice) {
		if strings.Contains(n.Text, "is now sha256:") {
			once()
		}
	}
	_, err = publish(t, b, sandbox.PublishOptions{Builder: p, Notify: notify})
	e := refusedWith(t, err, registry.StateDenied)
	if !strings.Contains(e.Reason, "without a login") || !strings.Contains(e.Remedy, "public") {
		t.Errorf("%+v", e)
	}
	// It is there for who has the login, and a second run says the same.
	if _, err = publish(t, b, sandbox.PublishOptions{Builder: p}); len(p.built) != 1 {
		t.Errorf("built %d times", len(p.built))
	}
	refusedWith(t, err, registry.StateDenied)
	private.Anonymous = true
	r.Wrap(func(inner http.Handler) http.Handler { return fault.Bearer(inner, private) })
	if res, err := publish(t, b, sandbox.PublishOptions{Builder: p}); err != nil || res.Outcome != sandbox.OutcomeSkipped {
		t.Errorf("made public: %+v, %v", res, err)
	}
	if d, err := sandbox.CheckPublic(t.Context(), b, sandbox.PublishOptions{}); err != nil || d == "" {
		t.Errorf("%q, %v", d, err)
	}
}

package builder_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

var both = []string{"linux/amd64", "linux/arm64"}

// nodes is a runtime of [start]: docker, whose builder has a node for each platform.
const nodes = "nodes"

// bench is a registry, a builder that is real, and an image to publish.
type bench struct {
	*lab.Registry
	upstream *lab.Registry // of the seed, so that Registry sees nobody else
	builder  leg.Builder
	base     sandbox.Base
}

func start(t *testing.T, runtime string) *bench {
	t.Helper()
	b := &bench{Registry: labtest.Registry(t), upstream: labtest.Registry(t)}
	b.fresh(t, runtime)
	b.base = sandbox.Base{
		Containerfile: lab.Containerfile(labtest.Seed(t, b.upstream), "ARG SOURCE_DATE_EPOCH=1785801600"),
		Repository:    b.Host() + "/vessux/openlock-base",
	}
	return b
}

// fresh gives the bench a builder that has built nothing yet.
func (b *bench) fresh(t *testing.T, runtime string) {
	t.Helper()
	var env []string
	switch runtime {
	case "docker":
		env = labtest.Builder(t, b.Host(), b.upstream.Host()).Env
	case nodes:
		env, runtime = labtest.Nodes(t, both, b.Host(), b.upstream.Host()).Env, "docker"
	case "podman":
		labtest.Need(t, lab.QEMU)
		env = labtest.Podman(t, b.Host(), b.upstream.Host()).Env
	}
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		t.Setenv(k, v)
	}
	b.find(t, runtime)
}

// find has the bench take its builder from the environment.
func (b *bench) find(t *testing.T, runtime string) {
	t.Helper()
	b.builder = builder.New(builder.Options{Runtime: runtime, Output: logTo(t)})
}

func (b *bench) publish(t *testing.T, o sandbox.PublishOptions) *sandbox.PublishResult {
	t.Helper()
	if o.Builder == nil && o.Legs == nil {
		o.Builder = b.builder
	}
	o.VisibilityTimeout = 5 * time.Second
	res, err := sandbox.Publish(labtest.Context(t, 4*time.Minute), b.base, o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// untouchable is a builder that nobody may touch.
type untouchable struct{ *testing.T }

func (u untouchable) Name() string { return "untouchable" }
func (u untouchable) Check(context.Context, []string) error {
	u.Error("the builder is asked")
	return nil
}
func (u untouchable) Build(context.Context, leg.Request) ([]string, error) {
	u.Error("the builder builds")
	return nil, io.EOF
}

func TestPublish(t *testing.T) {
	for _, runtime := range []string{"docker", "podman"} {
		t.Run(runtime, func(t *testing.T) {
			b := start(t, runtime)
			first := b.publish(t, sandbox.PublishOptions{})
			if first.Outcome != sandbox.OutcomePublished || first.State != registry.StateAbsent {
				t.Fatalf("%+v", first)
			}
			b.isWhole(t, first.Ref.String())
			t.Run("again", func(t *testing.T) { b.again(t, first) })
			t.Run("clean build", func(t *testing.T) { b.sameBits(t, first) })
			t.Run("repair", func(t *testing.T) { b.repair(t, first) })
			t.Run("legs", func(t *testing.T) { b.legs(t) })
			t.Run("failing build", func(t *testing.T) { b.failing(t) })
			t.Run("registry fails at the push", func(t *testing.T) { b.lost(t) })
			t.Run("login", func(t *testing.T) { b.login(t) })
		})
	}
}

// isWhole looks at what is under a ref with other eyes than the probe's.
func (b *bench) isWhole(t *testing.T, ref string) {
	t.Helper()
	n, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(n)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if m.MediaType != types.OCIImageIndex || len(m.Manifests) != 2 {
		t.Fatalf("%s with %d entries", m.MediaType, len(m.Manifests))
	}
	for i, d := range m.Manifests {
		if d.MediaType != types.OCIManifestSchema1 || d.Platform.String() != both[i] {
			t.Errorf("entry %d: %s for %s", i, d.MediaType, d.Platform)
		}
		image, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		b.isOurs(t, image, both[i])
	}
}

func (b *bench) isOurs(t *testing.T, image v1.Image, platform string) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Platform().String() != platform || config.Config.Labels[tag.Label] != b.base.Identity() {
		t.Errorf("config for %s with labels %v", config.Platform(), config.Config.Labels)
	}
	if config.Created.Unix() != 1785801600 {
		t.Errorf("created %s", config.Created)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		if mt, err := l.MediaType(); err != nil || !mt.IsLayer() || mt == types.DockerLayer {
			t.Errorf("layer of type %s, %v", mt, err)
		}
	}
}

func (b *bench) again(t *testing.T, first *sandbox.PublishResult) {
	b.Forget()
	res := b.publish(t, sandbox.PublishOptions{Builder: untouchable{t}})
	if res.Outcome != sandbox.OutcomeSkipped || res.Digest != first.Digest {
		t.Errorf("%+v", res)
	}
	for _, r := range b.Requests() {
		if r.Method != "GET" && r.Method != "HEAD" {
			t.Errorf("%+v", r)
		}
	}
}

// sameBits: two clean builds give the same digests.
func (b *bench) sameBits(t *testing.T, first *sandbox.PublishResult) {
	other := *b
	other.base.Repository += "-again"
	res := other.publish(t, sandbox.PublishOptions{NoCache: true})
	if !slices.Equal(res.Children, first.Children) || res.Digest != first.Digest {
		t.Errorf("%+v\nand %+v", first.Children, res.Children)
	}
}

func (b *bench) repair(t *testing.T, first *sandbox.PublishResult) {
	b.delete(t, b.base.Repository, first.Children[1].Digest)
	res := b.publish(t, sandbox.PublishOptions{})
	if res.Outcome != sandbox.OutcomeRepaired || res.State != registry.StateIncomplete {
		t.Errorf("%+v", res)
	}
	if res.Children[0].Digest != first.Children[0].Digest {
		t.Errorf("amd64 was %s and is %s", first.Children[0].Digest, res.Children[0].Digest)
	}
	b.isWhole(t, res.Ref.String())
	store := labtest.Podman(t, b.Host())
	out, err := store.Run(labtest.Context(t, time.Minute), "run", "--rm", "--platform", "linux/arm64", res.Ref.String(), "arch")
	if err != nil || strings.TrimSpace(out) != "arm64" {
		t.Errorf("arm64 runs: %q, %v", out, err)
	}
}

func (b *bench) delete(t *testing.T, repository, digest string) {
	t.Helper()
	if err := lab.Delete(t.Context(), repository, "manifests", digest); err != nil {
		t.Fatal(err)
	}
}

// legs are built apart, and put together without a builder.
func (b *bench) legs(t *testing.T) {
	other := *b
	other.base.Repository += "-legs"
	made := map[string]string{}
	for _, platform := range both {
		c, err := sandbox.PublishLeg(labtest.Context(t, 2*time.Minute), other.base, platform, sandbox.PublishOptions{Builder: b.builder})
		if err != nil {
			t.Fatal(err)
		}
		made[platform] = c.Digest
	}
	before, err := sandbox.Exists(t.Context(), other.base, nil, registry.Options{})
	if err != nil || before.State != registry.StateAbsent {
		t.Fatalf("%+v, %v: legs leave no tag", before, err)
	}
	swapped := map[string]string{both[0]: made[both[1]], both[1]: made[both[0]]}
	if _, err := sandbox.Publish(t.Context(), other.base, sandbox.PublishOptions{Legs: swapped}); err == nil || !strings.Contains(err.Error(), "leg linux/amd64") {
		t.Errorf("swapped legs: %v", err)
	}
	res := other.publish(t, sandbox.PublishOptions{Legs: made})
	for _, c := range res.Children {
		if made[c.Platform] != c.Digest {
			t.Errorf("%+v, want %v", res.Children, made)
		}
	}
	other.isWhole(t, res.Ref.String())
}

// failing: a build that fails leaves nothing under the tag.
func (b *bench) failing(t *testing.T) {
	other := *b
	other.base.Containerfile = append(slices.Clone(b.base.Containerfile), "RUN [\"/bin/seed\", \"fail\"]\n"...)
	_, err := sandbox.Publish(labtest.Context(t, 2*time.Minute), other.base, sandbox.PublishOptions{Builder: b.builder})
	if err == nil {
		t.Fatal("it is published")
	}
	res, err := sandbox.Exists(t.Context(), other.base, nil, registry.Options{})
	if err != nil || res.State != registry.StateAbsent {
		t.Errorf("%+v, %v", res, err)
	}
}

// breaking is a builder before which the registry breaks.
type breaking struct {
	leg.Builder
	how func()
}

func (b breaking) Build(ctx context.Context, r leg.Request) ([]string, error) {
	b.how()
	return b.Builder.Build(ctx, r)
}

// lost: what a builder says of a registry that fails at the push becomes the
// registry's state, and nothing is under the tag.
func (b *bench) lost(t *testing.T) {
	defer b.Wrap(nil)
	for kind, want := range map[string]registry.State{"reset": registry.StateUnreachable, "500": registry.StateUnreachable, "403": registry.StateDenied} {
		other := *b
		other.base.Repository += "-lost-" + kind
		f, ok := fault.Named(fault.Upload, kind)
		if !ok {
			t.Fatal(kind)
		}
		broken := breaking{b.builder, func() {
			b.Wrap(func(inner http.Handler) http.Handler { return fault.Handler(inner, f) })
		}}
		o := sandbox.PublishOptions{Builder: broken}
		o.Registry.Retry = registry.HostRetry
		_, err := sandbox.Publish(labtest.Context(t, 2*time.Minute), other.base, o)
		refused := new(sandbox.StateError)
		if !errors.As(err, &refused) || refused.State != want {
			t.Errorf("%s: %v, want %s", kind, err, want)
		}
		b.Wrap(nil)
		res, err := sandbox.Exists(t.Context(), other.base, nil, registry.Options{})
		if err != nil || res.State != registry.StateAbsent {
			t.Errorf("%s: %+v, %v", kind, res, err)
		}
	}
}

// login: a registry that hands out tokens, as ghcr.io does, takes the image
// from who has a login, and gives it to everybody.
func (b *bench) login(t *testing.T) {
	defer b.Wrap(nil)
	b.Wrap(func(inner http.Handler) http.Handler {
		return fault.Bearer(inner, fault.Private{Anonymous: true, Logins: []fault.Login{{User: "robot", Password: "hunter2"}}})
	})
	other := *b
	other.base.Repository += "-login"
	_, err := sandbox.Publish(labtest.Context(t, time.Minute), other.base, sandbox.PublishOptions{Builder: breaking{b.builder, func() { t.Error("it is built") }}})
	refused := new(sandbox.StateError)
	if !errors.As(err, &refused) || refused.State != registry.StateDenied || !strings.Contains(refused.Remedy, "no login is stored") {
		t.Fatalf("without a login: %v", err)
	}
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		dir = t.TempDir()
		t.Setenv("DOCKER_CONFIG", dir)
	}
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"auths": {"`+b.Host()+`": {"auth": "cm9ib3Q6aHVudGVyMg=="}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(config, []byte("{}"), 0o600)
	if res := other.publish(t, sandbox.PublishOptions{}); res.Outcome != sandbox.OutcomePublished {
		t.Errorf("%+v", res)
	}
}

// TestDockerDriver: the builder that docker has by itself is refused.
func TestDockerDriver(t *testing.T) {
	labtest.Need(t, lab.Buildx)
	for _, e := range append(labtest.Docker(t).Env, "BUILDX_BUILDER=") {
		k, v, _ := strings.Cut(e, "=")
		t.Setenv(k, v)
	}
	b := builder.New(builder.Options{Runtime: "docker"})
	unfit := new(leg.Error)
	if err := b.Check(t.Context(), both); !errors.As(err, &unfit) || !strings.Contains(unfit.Remedy, "buildx create") {
		t.Errorf("%v", err)
	}
}

// logTo is a writer for the log of a test.
func logTo(t *testing.T) io.Writer {
	if testing.Verbose() {
		return os.Stderr
	}
	return io.Discard
}

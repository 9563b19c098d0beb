package builder

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/buildenv"
	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
)

// pushTimeout bounds the push of one platform's image.
const pushTimeout = 30 * time.Minute

// podman is podman 4.3 or later. It cannot push an image by a digest that it
// does not know yet, and a tag must not be seen before everything is there. So
// it hands over what it built as an archive (OCI Image Layout), and that is
// pushed from here.
type podman struct {
	podman   process.Program
	registry registry.Options
}

// Name returns "podman".
func (*podman) Name() string { return "podman" }

// Check reports platforms that this machine neither is nor emulates, by trying.
// Of podman on another machine it knows nothing; the build will tell.
func (p *podman) Check(ctx context.Context, platforms []string) error {
	if runtime.GOOS != "linux" || os.Getenv("CONTAINER_HOST") != "" {
		return nil
	}
	have := []string{"linux/" + runtime.GOARCH}
	for _, foreign := range lacks(have, platforms) {
		if arch := strings.Split(foreign+"//", "/")[1]; strings.HasPrefix(foreign, "linux/") && !cannotRun(ctx, arch) {
			have = append(have, foreign)
		}
	}
	if missing := lacks(have, platforms); len(missing) > 0 {
		return &leg.Error{
			Reason: fmt.Sprintf("podman cannot build for %s on this machine, only for %s", strings.Join(missing, ", "), strings.Join(have, ", ")),
			Remedy: "install QEMU's user emulation (Debian, Ubuntu: qemu-user-static), or build that platform on a native machine with release:leg",
		}
	}
	return nil
}

// Build builds and pushes one platform after the other.
func (p *podman) Build(ctx context.Context, r leg.Request) ([]string, error) {
	var digests []string
	for _, platform := range r.Platforms {
		digest, err := p.leg(ctx, r, platform)
		if err != nil {
			return nil, err
		}
		digests = append(digests, digest)
	}
	return digests, nil
}

func (p *podman) leg(ctx context.Context, r leg.Request, platform string) (digest string, err error) {
	err = p.build(ctx, r, platform, func(image v1.Image) error {
		digest, err = p.push(ctx, image, r.Repository)
		return err
	})
	return digest, err
}

// Export builds one platform into an OCI layout at dir.
func (p *podman) Export(ctx context.Context, r leg.Request, dir string) error {
	platform, err := onlyPlatform(r)
	if err != nil {
		return err
	}
	return p.build(ctx, r, platform, func(image v1.Image) error { return layout.Write(dir, image) })
}

// build builds for one platform, and hands the image to use.
//
// It never uses podman's cache, which looks at neither the times in a layer nor
// the platform of what is built FROM scratch: after a build of the host, or a
// leg with another epoch, it would give us their layers.
func (p *podman) build(ctx context.Context, r leg.Request, platform string, use func(v1.Image) error) error {
	seconds, err := epochOf(r)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "openlock-build-")
	if err != nil {
		return fmt.Errorf("directory for the build: %w", err)
	}
	defer os.RemoveAll(dir)
	env, remove := buildenv.PodmanTemp(ctx, p.podman)
	defer remove()
	// By a name it is found wherever podman runs, and removed.
	name := "localhost/openlock-build:" + strings.ToLower(rand.Text())
	defer p.forget(ctx, name)
	// SOURCE_DATE_EPOCH is not given beside: podman 5.6 refuses both, and an ARG
	// of the file has this value by itself.
	args := []string{"build", "--no-cache", "--format", "oci", "--platform", platform, "--timestamp", seconds, "--tag", name}
	args = append(append(args, buildenv.Podman(r.Containerfile)...), labelArgs(r.Labels)...)
	if _, err := p.podman.Do(ctx, process.Job{Limit: buildTimeout, Env: env, Stdin: bytes.NewReader(r.Containerfile)}, append(args, "-")...); err != nil {
		return err
	}
	err = unpack(dir, func(w io.Writer) error {
		_, err := p.podman.Do(ctx, process.Job{Limit: buildTimeout, Env: env, Stdout: w}, "save", "--format", "oci-archive", name)
		return err
	})
	if err != nil {
		return err
	}
	image, err := layout.Image(dir)
	if err == nil {
		image, err = stable(image)
	}
	if err != nil {
		return fmt.Errorf("what podman built: %w", err)
	}
	return use(image)
}

// forgetTimeout bounds the removal of a temporary name, also after an interrupt.
const forgetTimeout = 10 * time.Second

// forget removes what was built, which has no other name.
func (p *podman) forget(ctx context.Context, name string) {
	_, _ = p.podman.AskWithin(context.WithoutCancel(ctx), forgetTimeout, "rmi", name)
}

// push uploads an image by its digest.
func (p *podman) push(ctx context.Context, image v1.Image, repository string) (string, error) {
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return "", err
	}
	w, err := registry.OpenWriter(ctx, repository, p.registry)
	if err != nil {
		return "", &leg.PushError{Err: err}
	}
	defer w.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, pushTimeout, fmt.Errorf("not pushed within %s", pushTimeout))
	defer cancel()
	// Without a challenge, the remote package adds nothing to the transport, and
	// does not ask the registry once more how to sign in.
	signed, err := transport.FromToken(repo.Registry, authn.Anonymous, w.Transport(), new(transport.Challenge), nil)
	if err != nil {
		return "", err
	}
	if err := remote.Write(repo.Digest(digest.String()), image, remote.WithContext(ctx), remote.WithTransport(signed)); err != nil {
		return "", &leg.PushError{Err: err}
	}
	return digest.String(), nil
}

// stable drops what podman tells of the machine that built: the name that the
// FROM image happened to have there, in an annotation and a comment. Without
// it, equal layers make equal digests.
func stable(image v1.Image) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	for i := range config.History {
		config.History[i].Comment = ""
	}
	bare := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if bare, err = mutate.AppendLayers(bare, layers...); err != nil {
		return nil, err
	}
	return mutate.ConfigFile(bare, config)
}

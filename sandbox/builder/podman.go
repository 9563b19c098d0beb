package builder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
)

// pushTimeout bounds the push of one platform's image.
const pushTimeout = 30 * time.Minute

// podman is podman 4.3 or later. It cannot push an image by a digest that it
// does not know yet, and a tag must not be seen before everything is there. So
// it writes what it built into a directory (OCI Image Layout), and that is
// pushed from here.
type podman struct {
	podman   process.Program
	registry registry.Options
	binfmt   string // directory, see [binfmtDir]
}

// Name returns "podman".
func (*podman) Name() string { return "podman" }

// binfmtDir is where Linux lists the programs that run files of other
// architectures.
const binfmtDir = "/proc/sys/fs/binfmt_misc"

// Check reports platforms that this machine neither is nor emulates. Of
// podman on another machine it knows nothing; the build will tell.
func (p *podman) Check(ctx context.Context, platforms []string) error {
	if runtime.GOOS != "linux" || os.Getenv("CONTAINER_HOST") != "" {
		return nil
	}
	have := []string{"linux/" + runtime.GOARCH}
	for arch, qemu := range map[string]string{"amd64": "x86_64", "arm64": "aarch64"} {
		if _, err := os.Stat(filepath.Join(p.binfmt, "qemu-"+qemu)); err == nil {
			have = append(have, "linux/"+arch)
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

func (p *podman) leg(ctx context.Context, r leg.Request, platform string) (string, error) {
	image, remove, err := p.build(ctx, r, platform)
	if err != nil {
		return "", err
	}
	defer remove()
	return p.push(ctx, image, r.Repository)
}

// build builds for one platform. The image lies in files that remove deletes.
//
// It never uses podman's cache, which looks at neither the times in a layer nor
// the platform of what is built FROM scratch: after a build of the host, or a
// leg with another epoch, it would give us their layers.
func (p *podman) build(ctx context.Context, r leg.Request, platform string) (image v1.Image, remove func(), err error) {
	seconds, err := epochOf(r)
	if err != nil {
		return nil, nil, err
	}
	files, err := containerfile.NewContext(r.Containerfile)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			files.Remove()
		}
	}()
	args := []string{"build", "--no-cache", "--format", "oci", "--platform", platform, "--timestamp", seconds,
		"--build-arg", "SOURCE_DATE_EPOCH=" + seconds, "--file", files.File, "--iidfile", files.Report}
	args = append(append(args, buildenv.Podman(r.Containerfile)...), labelArgs(r.Labels)...)
	args = append(args, files.Dir)
	if err := p.podman.Work(ctx, buildTimeout, nil, args...); err != nil {
		return nil, nil, err
	}
	id, err := os.ReadFile(files.Report)
	if err != nil {
		return nil, nil, fmt.Errorf("podman has told nothing about what it built: %w", err)
	}
	dir := files.Path("layout")
	if err := p.podman.Work(ctx, buildTimeout, nil, "push", "--format", "oci", strings.TrimSpace(string(id)), "oci:"+dir); err != nil {
		return nil, nil, err
	}
	if image, err = layout.Image(dir); err == nil {
		image, err = stable(image)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("what podman built: %w", err)
	}
	return image, files.Remove, nil
}

// Export builds one platform into an OCI layout at dir.
func (p *podman) Export(ctx context.Context, r leg.Request, dir string) error {
	platform, err := onlyPlatform(r)
	if err != nil {
		return err
	}
	image, remove, err := p.build(ctx, r, platform)
	if err != nil {
		return err
	}
	defer remove()
	return layout.Write(dir, image)
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

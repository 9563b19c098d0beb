// Package builder builds base images for several platforms and pushes them to
// a registry without a tag: with docker buildx on any of its builders, or with
// podman. Which tag they get, and when, is [sandbox.Publish]'s business.
package builder

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/buildenv"
	"github.com/vessux/openlock/internal/epoch"
	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
)

var (
	_ exporter = (*buildx)(nil)
	_ exporter = (*podman)(nil)
)

// Limits on builders. Emulated, a build takes ten times as long as natively.
const (
	buildTimeout     = 2 * time.Hour
	bootstrapTimeout = 3 * time.Minute
)

// Options choose a builder.
type Options struct {
	// Runtime is auto, docker (which means buildx) or podman; auto is buildx
	// where it is there, else podman.
	Runtime string
	// Name is that of a buildx builder; default: BUILDX_BUILDER, then the one
	// that `docker buildx use` chose.
	Name string
	// Registry bounds the pushes of podman's images.
	Registry registry.Options
	// Output gets what builders print, made fit for a terminal.
	Output io.Writer
}

// drivers are the builders by the runtime that names them, the preferred one
// first. Each finds its program, or tells why it cannot be used.
var drivers = []struct {
	runtime string
	find    func(context.Context, Options) (b exporter, why string)
}{
	{"docker", findBuildx},
	{"podman", findPodman},
}

// exporter is a builder that can also write what it builds into an OCI layout.
type exporter interface {
	leg.Builder
	Export(ctx context.Context, r leg.Request, dir string) error
}

// chosen is the builder that the options choose. It looks for one as soon as
// one is needed: where everything is published, none has to be installed.
type chosen struct {
	options Options
	found   exporter // nil: not yet
}

// New returns the builder that the options choose. It starts nothing: Check
// looks for a builder that is installed, and its error is a [*leg.Error] where
// there is none. Use it in one goroutine.
func New(o Options) leg.Builder { return &chosen{options: o} }

// Name is that of the builder that was found, else "a builder".
func (c *chosen) Name() string {
	if c.found == nil {
		return "a builder"
	}
	return c.found.Name()
}

func (c *chosen) Check(ctx context.Context, platforms []string) error {
	if err := c.find(ctx); err != nil {
		return err
	}
	return c.found.Check(ctx, platforms)
}

func (c *chosen) Build(ctx context.Context, r leg.Request) ([]string, error) {
	if err := c.find(ctx); err != nil {
		return nil, err
	}
	return c.found.Build(ctx, r)
}

// Export builds one platform into an OCI layout at dir.
func (c *chosen) Export(ctx context.Context, r leg.Request, dir string) error {
	if err := c.find(ctx); err != nil {
		return err
	}
	return c.found.Export(ctx, r, dir)
}

// find looks for the builder, once. It starts nothing but
// `docker buildx version`.
func (c *chosen) find(ctx context.Context) error {
	if c.found != nil {
		return nil
	}
	runtime := cmp.Or(c.options.Runtime, engines.Auto)
	var why, known []string
	for _, d := range drivers {
		known = append(known, d.runtime)
		if runtime != engines.Auto && runtime != d.runtime {
			continue
		}
		b, unusable := d.find(ctx, c.options)
		if b != nil {
			c.found = b
			return nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		why = append(why, unusable)
	}
	if len(why) == 0 {
		return &leg.Error{Reason: fmt.Sprintf("runtime %q cannot publish", sanitize.Line(runtime)), Remedy: "choose one that does: " + strings.Join(known, ", ")}
	}
	return &leg.Error{Reason: "no builder: " + strings.Join(why, ", and "), Remedy: "install docker with its buildx plugin, or podman"}
}

func findBuildx(ctx context.Context, o Options) (exporter, string) {
	docker := process.Program{Name: "docker", Output: o.Output, Env: buildenv.Of(os.Environ())}
	var err error
	if docker.Path, err = exec.LookPath("docker"); err != nil {
		return nil, "docker is not installed"
	}
	version, err := docker.Ask(ctx, "buildx", "version")
	if err != nil {
		return nil, "docker has no buildx: " + err.Error()
	}
	if bytes.HasPrefix(version, []byte("buildah ")) {
		// The program is podman, as of the package podman-docker. It has another
		// build command by that name.
		docker.Name = "podman"
		return &podman{podman: docker, registry: o.Registry}, ""
	}
	return &buildx{docker: docker, name: cmp.Or(o.Name, os.Getenv("BUILDX_BUILDER"))}, ""
}

func findPodman(_ context.Context, o Options) (exporter, string) {
	path, err := exec.LookPath("podman")
	if err != nil {
		return nil, "podman is not installed"
	}
	program := process.Program{Name: "podman", Path: path, Output: o.Output, Env: buildenv.Of(os.Environ())}
	return &podman{podman: program, registry: o.Registry}, ""
}

// labelArgs are the flags for labels, the same for every builder.
func labelArgs(labels map[string]string) []string {
	var args []string
	for k, v := range labels {
		args = append(args, "--label", k+"="+v)
	}
	return args
}

// epochOf returns the time of what is built, in seconds. Builders are given it,
// so that they date by it whatever they read from a file by themselves.
func epochOf(r leg.Request) (string, error) {
	t, err := epoch.Of(r.Containerfile)
	if err != nil {
		return "", &leg.Error{Reason: err.Error(), Remedy: "give the file one line ARG SOURCE_DATE_EPOCH=SECONDS", Err: err}
	}
	return strconv.FormatInt(t, 10), nil
}

// unpack writes the OCI archive that comes from write as a layout into dir. It
// comes by standard output, since the program may see other files than we do.
func unpack(dir string, write func(io.Writer) error) error {
	r, w := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := layout.Unpack(r, dir)
		r.CloseWithError(err) // nil: the archive has ended, and so has w
		unpacked <- err
	}()
	err := write(w)
	w.CloseWithError(err) // nil is the end
	if broken := <-unpacked; broken != nil && (err == nil || !errors.Is(broken, err)) {
		return fmt.Errorf("the archive of what was built: %w", broken) // that is why writing failed too
	}
	return err
}

// onlyPlatform returns the platform of a request for one.
func onlyPlatform(r leg.Request) (string, error) {
	if len(r.Platforms) != 1 {
		return "", fmt.Errorf("builders export one platform at a time, not %d", len(r.Platforms))
	}
	return r.Platforms[0], nil
}

// lacks returns the wanted platforms that are not among those at hand.
func lacks(have, want []string) []string {
	var missing []string
	for _, w := range want {
		found := false
		for _, h := range have {
			found = found || platform.Same(h, w)
		}
		if !found {
			missing = append(missing, w)
		}
	}
	return missing
}

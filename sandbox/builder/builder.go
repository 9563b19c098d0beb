// Package builder builds base images for several platforms and pushes them to
// a registry without a tag: with docker buildx on any of its builders, or with
// podman. Which tag they get, and when, is [sandbox.Publish]'s business.
package builder

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/registry"
)

var (
	_ sandbox.Builder = (*buildx)(nil)
	_ sandbox.Builder = (*podman)(nil)
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
	find    func(context.Context, Options) (b sandbox.Builder, why string)
}{
	{"docker", findBuildx},
	{"podman", findPodman},
}

// Find returns the builder that the options choose. It starts nothing but
// `docker buildx version`. The error is a [*sandbox.BuilderError].
func Find(ctx context.Context, o Options) (sandbox.Builder, error) {
	runtime := cmp.Or(o.Runtime, engines.Auto)
	var why, known []string
	for _, d := range drivers {
		known = append(known, d.runtime)
		if runtime != engines.Auto && runtime != d.runtime {
			continue
		}
		b, unusable := d.find(ctx, o)
		if b != nil {
			return b, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		why = append(why, unusable)
	}
	if len(why) == 0 {
		return nil, &sandbox.BuilderError{Reason: fmt.Sprintf("runtime %q publishes nothing", sanitize.Line(runtime)), Remedy: "choose one that does: " + strings.Join(known, ", ")}
	}
	return nil, &sandbox.BuilderError{Reason: "no builder: " + strings.Join(why, ", and "), Remedy: "install docker with its buildx plugin, or podman"}
}

func findBuildx(ctx context.Context, o Options) (sandbox.Builder, string) {
	docker := process.Program{Name: "docker", Output: o.Output}
	var err error
	if docker.Path, err = exec.LookPath("docker"); err != nil {
		return nil, "docker is not installed"
	}
	if _, err = docker.Ask(ctx, "buildx", "version"); err != nil {
		return nil, "docker has no buildx: " + err.Error()
	}
	return &buildx{docker: docker, name: cmp.Or(o.Name, os.Getenv("BUILDX_BUILDER"))}, ""
}

func findPodman(_ context.Context, o Options) (sandbox.Builder, string) {
	path, err := exec.LookPath("podman")
	if err != nil {
		return nil, "podman is not installed"
	}
	return &podman{podman: process.Program{Name: "podman", Path: path, Output: o.Output}, registry: o.Registry}, ""
}

// labelArgs are the flags for labels, the same for every builder.
func labelArgs(labels map[string]string) []string {
	var args []string
	for k, v := range labels {
		args = append(args, "--label", k+"="+v)
	}
	return args
}

// onlyPlatform returns the platform of a request for one.
func onlyPlatform(r sandbox.LegRequest) (string, error) {
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

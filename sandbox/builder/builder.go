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
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
)

var (
	_ sandbox.Builder = (*Buildx)(nil)
	_ sandbox.Builder = (*Podman)(nil)
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

// Find returns the builder that the options choose. It starts nothing but
// `docker buildx version`. The error is a [*sandbox.BuilderError], or names the
// unknown runtime.
func Find(ctx context.Context, o Options) (sandbox.Builder, error) {
	o.Runtime = cmp.Or(o.Runtime, engine.Auto)
	if err := engine.CheckRuntime(o.Runtime); err != nil {
		return nil, err
	}
	var why []string
	if o.Runtime != engine.PodmanName {
		docker := process.Program{Name: "docker", Output: o.Output}
		var err error
		if docker.Path, err = exec.LookPath("docker"); err != nil {
			why = append(why, "docker is not installed")
		} else if _, err = docker.Ask(ctx, "buildx", "version"); err == nil {
			return &Buildx{docker: docker, name: cmp.Or(o.Name, os.Getenv("BUILDX_BUILDER"))}, nil
		} else {
			why = append(why, "docker has no buildx: "+err.Error())
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
	}
	if o.Runtime != engine.DockerName {
		if path, err := exec.LookPath("podman"); err == nil {
			return &Podman{podman: process.Program{Name: "podman", Path: path, Output: o.Output}, registry: o.Registry}, nil
		}
		why = append(why, "podman is not installed")
	}
	return nil, &sandbox.BuilderError{Reason: "no builder: " + strings.Join(why, ", and "), Remedy: "install docker with its buildx plugin, or podman"}
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

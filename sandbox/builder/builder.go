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
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/program"
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
// `docker buildx version`. The error is a [*sandbox.UnfitError], or names the
// unknown runtime.
func Find(ctx context.Context, o Options) (sandbox.Builder, error) {
	o.Runtime = cmp.Or(o.Runtime, engine.Auto)
	if err := engine.CheckRuntime(o.Runtime); err != nil {
		return nil, err
	}
	why := "docker is not installed"
	if o.Runtime != engine.PodmanName {
		if path, err := exec.LookPath("docker"); err == nil {
			docker := program.Program{Name: "docker", Path: path, Output: o.Output}
			_, err := docker.Ask(ctx, "buildx", "version")
			if err == nil {
				return &Buildx{docker: docker, name: cmp.Or(o.Name, os.Getenv("BUILDX_BUILDER"))}, nil
			}
			if cause := context.Cause(ctx); cause != nil {
				return nil, cause
			}
			why = "docker has no buildx: " + err.Error()
		}
	}
	if o.Runtime != engine.DockerName {
		if path, err := exec.LookPath("podman"); err == nil {
			return &Podman{podman: program.Program{Name: "podman", Path: path, Output: o.Output}, registry: o.Registry}, nil
		}
		why += ", and podman is not installed"
	}
	return nil, &sandbox.UnfitError{Reason: "no builder: " + why, Hint: "install docker with its buildx plugin, or podman"}
}

// buildFiles is a private directory with the Containerfile, which is all that
// a build sees, and a place for what it reports.
type buildFiles struct {
	dir           string // all of it
	context       string // the build's context
	containerfile string
	report        string // a file that is not there yet
}

func newBuildFiles(containerfile []byte) (*buildFiles, error) {
	dir, err := os.MkdirTemp("", "openlock-publish-")
	if err != nil {
		return nil, fmt.Errorf("directory for the build: %w", err)
	}
	f := &buildFiles{dir: dir, context: filepath.Join(dir, "context"), report: filepath.Join(dir, "report")}
	f.containerfile = filepath.Join(f.context, "Containerfile")
	err = os.Mkdir(f.context, 0o700)
	if err == nil {
		err = os.WriteFile(f.containerfile, containerfile, 0o600)
	}
	if err != nil {
		f.remove()
		return nil, fmt.Errorf("directory for the build: %w", err)
	}
	return f, nil
}

func (f *buildFiles) remove() { os.RemoveAll(f.dir) }

// labelArgs are the flags for labels, the same for every builder.
func labelArgs(labels map[string]string) []string {
	var args []string
	for k, v := range labels {
		args = append(args, "--label", k+"="+v)
	}
	return args
}

func lacks(have, want []string) []string {
	var missing []string
	for _, w := range want {
		found := false
		for _, h := range have {
			found = found || registry.SamePlatform(strings.TrimSuffix(h, "*"), w)
		}
		if !found {
			missing = append(missing, w)
		}
	}
	return missing
}

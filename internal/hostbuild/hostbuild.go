// Package hostbuild has an engine of this host build a Containerfile. Nothing
// is handed over by a path that the engine's program has to read, since that
// may have another /tmp (docker from a snap) or another machine (podman
// remote): the file goes by standard input, and what was built is found by its
// name first.
package hostbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vessux/openlock/internal/process"
)

// Build is one build.
type Build struct {
	Containerfile []byte
	Platform      string
	Labels        map[string]string
	NoCache       bool
	Name          string // that the image gets; empty: none, and its ID comes in a file
	Limit         time.Duration
	Env           []string // beside that of the program
	// ID asks the engine for the ID of an image by a name or an ID.
	ID func(ctx context.Context, ref string) (string, error)
}

// Run runs the program with a command, such as build, and returns the ID of the
// image. The engine itself has confirmed it: a report can hold a digest that
// the engine does not know the image by.
func (b Build) Run(ctx context.Context, p process.Program, command ...string) (string, error) {
	report := ""
	if b.Name == "" {
		dir, err := os.MkdirTemp("", "openlock-build-")
		if err != nil {
			return "", fmt.Errorf("directory for the build: %w", err)
		}
		defer os.RemoveAll(dir)
		report = filepath.Join(dir, "id")
	}
	said, err := p.Do(ctx, process.Job{Limit: b.Limit, Env: b.Env, Stdin: bytes.NewReader(b.Containerfile)}, b.args(command, report)...)
	if err != nil {
		return "", err
	}
	return b.find(ctx, report, said)
}

func (b Build) args(command []string, report string) []string {
	args := append(slices.Clone(command), "--platform", b.Platform)
	if b.Name != "" {
		args = append(args, "--tag", b.Name)
	} else {
		args = append(args, "--iidfile", report)
	}
	for k, v := range b.Labels {
		args = append(args, "--label", k+"="+v)
	}
	if b.NoCache {
		args = append(args, "--no-cache")
	}
	return append(args, "-")
}

// find asks the engine for what was built: by the name, or else by the ID in
// the report, then by the ID that the output ends with.
func (b Build) find(ctx context.Context, report, said string) (string, error) {
	var refs []string
	if b.Name != "" {
		refs = append(refs, b.Name)
	}
	if id, err := os.ReadFile(report); report != "" && err == nil && len(bytes.TrimSpace(id)) > 0 {
		refs = append(refs, string(bytes.TrimSpace(id)))
	}
	if id := lastID(said); id != "" {
		refs = append(refs, id)
	}
	why := errors.New("it left no image ID")
	for _, ref := range refs {
		id, err := b.ID(ctx, ref)
		if err == nil {
			return id, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		why = err
	}
	return "", fmt.Errorf("the build succeeded, and the engine does not show what it built: %w", why)
}

// printed are the lines in which builders print the ID: docker writes an image,
// podman ends with it.
var printed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:|#\d+ writing image |#\d+ exporting (?:config|manifest list|manifest) )((?:sha256:)?[0-9a-f]{64})(?: .*)?$`)
})

func lastID(said string) string {
	all := printed().FindAllStringSubmatch(said, -1)
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(all[len(all)-1][1])
}

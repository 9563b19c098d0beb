// Package engine drives the container engines that hold base images on a
// host: podman and docker, each through one small interface.
//
// The questions are asked so that an engine that does not answer is never
// taken for an image that is not there: Inspect returns [ErrNotFound] for the
// one and [*UnavailableError] for the other.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
)

// Engine holds images and can pull and build them. Refs are repository:tag,
// repository@digest or an image ID. Every method ends when its context does,
// and leaves no process behind.
type Engine interface {
	// Name is the engine's name, one of [Names] where [Find] returned it.
	Name() string
	// Store identifies the image store: two engines with equal stores share images.
	Store() string
	// Inspect tells what ref is in the local store, without any network. The
	// error is [ErrNotFound], or *UnavailableError when the engine does not answer.
	Inspect(ctx context.Context, ref string) (*Image, error)
	// Pull fetches a ref for a platform (os/arch[/variant]).
	Pull(ctx context.Context, ref, platform string, o PullOptions) error
	// Tag gives an image a further name, taking it from any other image.
	Tag(ctx context.Context, image, ref string) error
	// Remove takes a name from its image, and the image too where it was the last.
	Remove(ctx context.Context, ref string) error
}

// Builder is an [Engine] that can build. One that cannot holds images that were
// published, and nothing else.
type Builder interface {
	Engine
	// Build builds an image and returns its ID. It gets no tag.
	Build(ctx context.Context, b BuildRequest) (id string, err error)
}

var (
	_ Engine  = (*podman)(nil)
	_ Engine  = (*docker)(nil)
	_ Builder = (*podman)(nil)
	_ Builder = (*docker)(nil)
)

// ErrNotFound is the engine's own word that it has no such image.
var ErrNotFound = errors.New("no such image")

// UnavailableError tells that an engine is installed but does not answer.
type UnavailableError struct {
	Engine string // its name
	Reason string // one line, fit to print
	Remedy string // the remedy, one line
	Err    error  // the cause; may be nil
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s does not answer: %s", e.Engine, e.Reason)
}

// Hint returns the remedy, one line; empty where there is none.
func (e *UnavailableError) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *UnavailableError) Unwrap() error { return e.Err }

// NotInstalledError tells that no engine, or not the one asked for, is there.
type NotInstalledError struct {
	Runtime string // "auto", or the engine that was asked for
	File    string // an engine's program in PATH that is not executable; empty: none
}

func (e *NotInstalledError) Error() string {
	text := fmt.Sprintf("container engine %s is not installed: no such program in PATH", e.Runtime)
	if e.Runtime == Auto {
		text = "no container engine: none of " + strings.Join(Names(), ", ") + " is installed"
	}
	if e.File != "" {
		text += fmt.Sprintf("; %s is there, and is not executable", e.File)
	}
	return text
}

// Hint returns the remedy.
func (e *NotInstalledError) Hint() string {
	return "install " + strings.Join(Names(), " or ")
}

// Image is what an engine tells of an image it has.
type Image struct {
	ID       string            // of the image in the engine's store
	Platform string            // os/arch[/variant], normalised
	Labels   map[string]string // of its config
	Digests  []string          // repository@sha256:…, by which registries know it
}

// PullOptions change how an image is pulled.
type PullOptions struct {
	IgnoreLogins bool          // pull without any login, wherever one is stored
	Timeout      time.Duration // default 20 min
}

// BuildRequest is one build from a Containerfile that needs no context.
type BuildRequest struct {
	Containerfile []byte            // exactly these bytes are built
	Platform      string            // os/arch[/variant]
	Labels        map[string]string // added to the image's config
	NoCache       bool              // run every step again
	Timeout       time.Duration     // default 90 min
}

// Auto is the runtime that [Find] takes for whichever engine is installed.
const Auto = "auto"

// driver is what this package knows of an engine. To add one, write a type that
// passes package enginetest, and a row of drivers.
type driver struct {
	name string // of the engine and of its program
	open func(program process.Program) Engine
}

// drivers are the engines, the preferred one first.
var drivers = []driver{
	{podmanName, func(p process.Program) Engine { return &podman{program: p} }},
	{dockerName, func(p process.Program) Engine { return &docker{program: p, endpoint: dockerEndpoint()} }},
}

// Names returns the names of the engines that [Find] knows, the preferred one
// first.
func Names() []string {
	var names []string
	for _, d := range drivers {
		names = append(names, d.name)
	}
	return names
}

// questionTimeout bounds a question to docker's daemon.
const questionTimeout = 10 * time.Second

// Defaults of the limits on engines. A pull or build that takes longer hangs.
const (
	pullTimeout  = 20 * time.Minute
	buildTimeout = 90 * time.Minute
)

// CheckRuntime reports a runtime that [Find] does not know.
func CheckRuntime(runtime string) error {
	known := append([]string{Auto}, Names()...)
	if slices.Contains(known, runtime) {
		return nil
	}
	return fmt.Errorf("unknown runtime %q: want one of %s", runtime, strings.Join(known, ", "))
}

// Find returns the installed engines that runtime names, the preferred one
// first: all of [Names] for "auto" or "", else just the one named. That they are
// installed does not mean that they answer; the first Inspect tells. Output gets
// what engines print while they pull and build, made fit for a terminal. The
// error is *NotInstalledError, or names the unknown runtime.
func Find(runtime string, output io.Writer) ([]Engine, error) {
	runtime = cmp.Or(runtime, Auto)
	if err := CheckRuntime(runtime); err != nil {
		return nil, err
	}
	var found []Engine
	missing := &NotInstalledError{Runtime: runtime}
	for _, d := range drivers {
		if runtime != Auto && runtime != d.name {
			continue
		}
		path, err := exec.LookPath(d.name)
		if err != nil {
			missing.File = cmp.Or(missing.File, unusable(d.name))
			continue
		}
		found = append(found, d.open(process.Program{Name: d.name, Path: path, Output: output}))
	}
	if len(found) == 0 {
		return nil, missing
	}
	return found, nil
}

// First returns the first engine that answers what ask asks it, and why those
// before it do not: each error is an *UnavailableError. Another error of ask's
// ends the search. Where none answers, the engine is nil.
func First(engines []Engine, ask func(Engine) error) (first Engine, down []error, err error) {
	for _, e := range engines {
		err := ask(e)
		switch unavailable := new(UnavailableError); {
		case errors.As(err, &unavailable):
			down = append(down, err)
		case err != nil:
			return nil, down, err
		default:
			return e, down, nil
		}
	}
	return nil, down, nil
}

// unusable returns the file of that name in PATH which cannot be executed.
func unusable(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// saysMissing tells whether what an engine says is that it has no such image.
func saysMissing(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "image not known") || strings.Contains(text, "no such image") || strings.Contains(text, "no such object")
}

// normalPlatform joins what an engine tells of an image's platform.
func normalPlatform(os, arch, variant string) string {
	p := os + "/" + arch
	if variant != "" {
		p += "/" + variant
	}
	if n, err := platform.Normalize(p); err == nil {
		return n
	}
	return sanitize.Line(p)
}

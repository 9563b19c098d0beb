// Package engines finds the container engines that are installed: podman and
// docker. Package [engine] says what they do.
package engines

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
)

// Auto is the runtime that [Find] takes for whichever engine is installed.
const Auto = "auto"

// Names returns the names of the engines that [Find] knows, the preferred one
// first.
func Names() []string {
	var names []string
	for _, d := range table {
		names = append(names, d.Name)
	}
	return names
}

// check reports a runtime that [Find] does not know.
func check(runtime string) error {
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
func Find(runtime string, output io.Writer) ([]engine.Engine, error) {
	runtime = cmp.Or(runtime, Auto)
	if err := check(runtime); err != nil {
		return nil, err
	}
	var found []engine.Engine
	missing := &NotInstalledError{Runtime: runtime}
	for _, d := range table {
		if runtime != Auto && runtime != d.Name {
			continue
		}
		path, err := exec.LookPath(d.Name)
		if err != nil {
			missing.File = cmp.Or(missing.File, unusable(d.Name))
			continue
		}
		found = append(found, d.Open(process.Program{Name: d.Name, Path: path, Output: output}))
	}
	if len(found) == 0 {
		return nil, missing
	}
	return found, nil
}

// First returns the first engine that answers what ask asks it, and why those
// before it do not: each error is an *engine.UnavailableError. Another error of ask's
// ends the search. Where none answers, the engine is nil.
func First(engines []engine.Engine, ask func(engine.Engine) error) (first engine.Engine, down []error, err error) {
	for _, e := range engines {
		err := ask(e)
		switch unavailable := new(engine.UnavailableError); {
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

// NotInstalledError tells that no engine, or not the chosen one, is installed.
type NotInstalledError struct {
	Runtime string // "auto", or the chosen engine
	File    string // an engine's program in PATH that is not executable; empty: none
}

func (e *NotInstalledError) Error() string {
	text := fmt.Sprintf("container engine %s is not installed: no such program in PATH", e.Runtime)
	if e.Runtime == Auto {
		text = "no container engine: none of " + strings.Join(Names(), ", ") + " is installed"
	}
	if e.File != "" {
		text += fmt.Sprintf("; %s exists but is not executable", e.File)
	}
	return text
}

// Hint returns the remedy.
func (e *NotInstalledError) Hint() string {
	return "install " + strings.Join(Names(), " or ")
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

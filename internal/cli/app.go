package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
)

// App is one run of a command. The zero value is not usable: Program, Out and
// Err are required.
type App struct {
	Program Program
	Out     io.Writer // data
	Err     io.Writer // everything else
	JSON    bool      // data as one JSON object on one line
	Quiet   bool      // say only warnings and errors, and what an engine printed only when it fails
	Flags   Flags
	// GitHub is the workflow's step that this is part of; nil: none.
	GitHub *github.Actions
	// Project has the image that is meant where no setting names another; zero:
	// openlock's own.
	Project Project

	file     string // of the settings
	verifier string // path of the program that verified a signature
}

// Start reads the settings, and makes sure that the result can be printed
// before anything costly is done for it.
func (a *App) Start() (Settings, error) {
	if _, err := a.Out.Write(nil); err != nil {
		return Settings{}, &UsageError{Err: fmt.Errorf("standard output cannot be written to: %w", err), Remedy: "the result goes there: redirect it to /dev/null where it is not needed"}
	}
	image, err := a.Project.image(base.Default())
	if err != nil {
		return Settings{}, &UsageError{Err: err} // no remedy: the error names the file and what is wrong with it
	}
	s, err := a.Flags.resolve(a.Program, image)
	a.file = s.file
	return s, err
}

// Ends turns what a verb returned into the interruption that caused it.
func Ends(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", context.Canceled)
	}
	return err
}

// Print writes text, or v as JSON.
func (a *App) Print(text string, v any) error {
	if a.JSON {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		// The same text, and no command of a workflow's runner.
		text = strings.ReplaceAll(string(b), "##[", `##\u005b`)
	}
	if _, err := fmt.Fprintln(a.Out, text); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// installed finds the engines of the settings. What they print goes to out.
func installed(s Settings, out io.Writer) ([]engine.Engine, error) {
	found, err := engines.Find(s.Runtime, out)
	if err != nil {
		return nil, &UsageError{Err: err, Remedy: "install " + strings.Join(engines.Names(), " or ") + ", or choose an installed one with --runtime"}
	}
	return found, nil
}

// options are those that ensure, build and plan share.
func (a *App) options(s Settings, out io.Writer) (sandbox.Options, error) {
	found, err := installed(s, out)
	if err != nil {
		return sandbox.Options{}, err
	}
	o := sandbox.Options{
		Engines: found, Platform: s.platform, Registry: s.Registry, Notify: a.Notify,
		Pull: s.Pull, Build: s.Build, PullTimeout: s.pullTimeout, BuildTimeout: s.buildTimeout, WaitTimeout: s.waitTimeout,
	}
	o.Verifier, err = a.Verifier(s)
	return o, err
}

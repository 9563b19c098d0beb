package ci

import (
	"fmt"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/sandbox/lint"
)

// lintJSON is the JSON of lint:containerfile.
type lintJSON struct {
	Sound    bool           `json:"sound"`
	Findings []lint.Finding `json:"findings"`
}

// Lint fails unless the Containerfile alone decides the image.
func Lint(a *cli.App) error {
	b, err := a.Containerfile()
	if err != nil {
		return err
	}
	found, unsound := judge(a, b)
	if found == nil {
		found = []lint.Finding{}
	}
	if unsound == nil || a.JSON {
		if err := a.Print(a.ContainerfileName()+" is sound", lintJSON{unsound == nil, found}); err != nil {
			return err
		}
	}
	return unsound
}

// checkSound is the check before publishing; force only reports.
func checkSound(a *cli.App, containerfile []byte, force bool) error {
	_, err := judge(a, containerfile)
	if err == nil || !force {
		return err
	}
	a.Say("WARNING: "+err.Error()+", and is published by force: its tag does not tell what is in the image", "")
	a.GitHub.Warning(a.Program.Name, "an unsound Containerfile is published by force")
	return nil
}

// judge says every finding, and returns an error where one is more than a
// warning.
func judge(a *cli.App, containerfile []byte) ([]lint.Finding, error) {
	name := a.ContainerfileName()
	found, err := lint.Check(containerfile)
	if err != nil {
		return nil, &cli.UsageError{Err: fmt.Errorf("%s: %w", name, err)} // no remedy: BuildKit names the line and what is wrong with it
	}
	errors := 0
	for _, f := range found {
		text := f.Text + "; " + f.Why
		if f.Warning {
			a.Say(fmt.Sprintf("warning: %s:%d: %s: %s", name, f.Line, f.Rule, text), f.Fix)
			a.GitHub.WarningAt(name, f.Line, f.Rule, text+"\n"+f.Fix)
			continue
		}
		errors++
		a.Say(fmt.Sprintf("%s:%d: %s: %s", name, f.Line, f.Rule, text), f.Fix)
		a.GitHub.ErrorAt(name, f.Line, f.Rule, text+"\n"+f.Fix)
	}
	if errors > 0 {
		return found, &cli.UsageError{
			Err:    fmt.Errorf("%s is unsound: something else than the file decides the image", name),
			Remedy: "fix what is named above; -forceunsound publishes it all the same",
		}
	}
	return found, nil
}

package cli

import (
	"context"
	"os"
	"strings"

	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

func existsVerb(a *App) verb {
	return verb{
		use: "exists", short: "Print what the registry has of the base image",
		long: `Exists prints the state of the base image in its registry, and ends with its
exit code: complete 0, absent 3, incomplete 4, denied 5, unreachable 6,
throttled 6, invalid 7.`,
		settings: append([]string{"platforms"}, registrySettings...),
		run:      a.Exists,
	}
}

// ExistsJSON is the JSON of exists. Lists are never null.
type ExistsJSON struct {
	Ref       string   `json:"ref"`
	Tag       string   `json:"tag"`
	Identity  string   `json:"identity"`
	State     string   `json:"state"`
	Digest    string   `json:"digest"`    // of the index; empty where the registry gave none
	Platforms []string `json:"platforms"` // that are there
	Missing   []string `json:"missing"`   // asked for and not there
	Reason    string   `json:"reason"`
}

// Exists prints the state of the image in its registry: complete when every
// platform of the settings (none: all that are published) is there. It returns
// an error for every other state.
func (a *App) Exists(ctx context.Context) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	ref, err := s.Base.Ref()
	if err != nil {
		return err
	}
	if os.Getenv("CI") == "true" {
		s.Registry.Retry = registry.CIRetry
	}
	res, err := sandbox.Exists(ctx, s.Base, s.Platforms, s.Registry)
	if err != nil {
		return Ends(ctx, err)
	}
	for _, w := range res.Warnings {
		a.say("warning: " + w)
	}
	err = a.GitHub.Set(
		github.Output{Name: "ref", Value: res.Ref}, github.Output{Name: "tag", Value: ref.Tag},
		github.Output{Name: "digest", Value: res.Digest}, github.Output{Name: "state", Value: string(res.State)},
		github.Output{Name: "reason", Value: res.Reason}, github.Output{Name: "platforms", Value: strings.Join(res.Platforms, ",")},
	)
	if err != nil {
		return err
	}
	err = a.Print(string(res.State), ExistsJSON{
		Ref: res.Ref, Tag: ref.Tag, Identity: s.Base.Identity(), State: string(res.State), Digest: res.Digest,
		Platforms: list(res.Platforms), Missing: list(res.Missing), Reason: res.Reason,
	})
	if err != nil || res.State == registry.StateComplete {
		return err
	}
	return &sandbox.StateError{State: res.State, Reason: ref.String() + ": " + res.Reason, Remedy: res.Hint, Err: res.Err}
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

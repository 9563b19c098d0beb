package ci

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/sandbox"
)

// PublishJSON is the JSON of push and release:base.
type PublishJSON struct {
	Ref        string      `json:"ref"`
	Tag        string      `json:"tag"`
	Identity   string      `json:"identity"`
	Digest     string      `json:"digest"`  // of the index
	Outcome    string      `json:"outcome"` // skipped, published or repaired
	State      string      `json:"state"`   // of the registry before
	Reason     string      `json:"reason"`
	Platforms  []string    `json:"platforms"`
	Children   []ChildJSON `json:"children"`
	DurationMS int64       `json:"duration_ms"`
}

// ChildJSON is one platform's image.
type ChildJSON struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"`
	Size     int64  `json:"size"` // of config and layers as they are transferred, in bytes
}

// PublishFlags are what push, release:base and release:leg take beside the
// settings.
type PublishFlags struct {
	NoCache bool
	// ForceUnsound publishes an unsound Containerfile all the same.
	ForceUnsound bool
}

// Publish publishes the image where it is not, and prints its ref.
func Publish(ctx context.Context, a *cli.App, p PublishFlags) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	o, err := publishOptions(a, s, p)
	if err != nil {
		return err
	}
	res, err := sandbox.Publish(ctx, s.Base, o)
	a.GitHub.EndGroup()
	if err != nil {
		return cli.Ends(ctx, err)
	}
	a.Announce(fmt.Sprintf("%s %s: %s", res.Outcome, res.Ref, res.Reason))
	if err := reportPublished(a, res); err != nil {
		return err
	}
	return a.Print(res.Ref.String(), publishJSON(res))
}

func publishOptions(a *cli.App, s cli.Settings, p PublishFlags) (sandbox.PublishOptions, error) {
	if err := checkSound(a, s.Base.Containerfile, p.ForceUnsound); err != nil {
		return sandbox.PublishOptions{}, err
	}
	legs, err := parseLegs(s.Legs)
	return sandbox.PublishOptions{
		Builder: newBuilder(a, s), Legs: legs, NoCache: p.NoCache, Force: s.Force, Registry: s.Registry, Notify: notifyGrouped(a),
	}, err
}

// notifyGrouped says notices, on GitHub each with a group of its own for what
// a builder prints after it.
func notifyGrouped(a *cli.App) func(sandbox.Notice) {
	return func(n sandbox.Notice) {
		switch {
		case a.GitHub == nil:
			a.Notify(n)
		case n.Warning:
			a.Notify(n)
			a.GitHub.Warning(a.Program.Name, n.Text)
		default:
			a.GitHub.Group(n.Text)
		}
	}
}

func publishJSON(res *sandbox.PublishResult) PublishJSON {
	v := PublishJSON{
		Ref: res.Ref.String(), Tag: res.Ref.Tag, Identity: res.Identity, Digest: res.Digest, Outcome: string(res.Outcome),
		State: string(res.State), Reason: res.Reason, DurationMS: res.Duration.Milliseconds(), Platforms: []string{}, Children: []ChildJSON{},
	}
	for _, c := range res.Children {
		v.Platforms = append(v.Platforms, c.Platform)
		v.Children = append(v.Children, ChildJSON{Platform: c.Platform, Digest: c.Digest, Size: c.ImageSize})
	}
	return v
}

func reportPublished(a *cli.App, res *sandbox.PublishResult) error {
	var platforms []string
	rows := [][2]string{{"ref", res.Ref.String()}, {"digest", res.Digest}, {"outcome", string(res.Outcome)}, {"reason", res.Reason}}
	for _, c := range res.Children {
		platforms = append(platforms, c.Platform)
		rows = append(rows, [2]string{c.Platform, fmt.Sprintf("%.1f MB, %s", float64(c.ImageSize)/1e6, c.Digest)})
	}
	rows = append(rows, [2]string{"time", fmt.Sprintf("%.1f s", res.Duration.Seconds())})
	return errors.Join(
		a.GitHub.Set(
			github.Output{Name: "ref", Value: res.Ref.String()}, github.Output{Name: "tag", Value: res.Ref.Tag},
			github.Output{Name: "digest", Value: res.Digest}, github.Output{Name: "state", Value: string(res.State)},
			github.Output{Name: "outcome", Value: string(res.Outcome)}, github.Output{Name: "reason", Value: res.Reason},
			github.Output{Name: "platforms", Value: strings.Join(platforms, ",")},
		),
		a.GitHub.Summarize(a.Program.Name+"'s base image", rows),
	)
}

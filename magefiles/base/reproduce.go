package base

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/reproduce"
)

// reproduceJSON is the JSON of release:reproduce.
type reproduceJSON struct {
	Same      bool                `json:"same"`
	Platforms []reproduce.Outcome `json:"platforms"`
}

// maxShown is how many differences of a platform are said; JSON has them all.
const maxShown = 40

// Reproduce builds the base image twice without cache for every platform, and fails where the two differ, naming layers and files; -platform is a comma-separated list.
func (Release) Reproduce(ctx context.Context, platform, builder, runtime, containerfile *string, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Runtime: runtime}, json)
	err := cli.Ends(ctx, reproduceTwice(ctx, a, platform, builder))
	a.ReportGitHub(err)
	return exit(err)
}

func reproduceTwice(ctx context.Context, a *cli.App, platform, builder *string) error {
	var platforms []string
	if platform != nil {
		platforms = strings.Split(*platform, ",")
	}
	b, request, err := a.BuildRequest(ctx, platforms, cli.PublishFlags{Builder: builder}, findBuilder)
	if err != nil {
		return err
	}
	e, ok := b.(reproduce.Exporter)
	if !ok {
		return fmt.Errorf("%s cannot export what it builds", b.Name())
	}
	outcomes, err := reproduce.Run(ctx, e, request)
	if err != nil {
		return err
	}
	same, text := true, []string(nil)
	for _, o := range outcomes {
		if len(o.Differences) == 0 {
			text = append(text, o.Platform+" "+o.Digest)
			continue
		}
		same = false
		for i, d := range o.Differences {
			if i == maxShown {
				a.Say(fmt.Sprintf("%s: and %d more", o.Platform, len(o.Differences)-i), "")
				break
			}
			a.Say(o.Platform+": "+d.String(), "")
		}
	}
	if same || a.JSON {
		if err := a.Print(strings.Join(text, "\n"), reproduceJSON{same, outcomes}); err != nil {
			return err
		}
	}
	if !same {
		return errors.New("two builds of " + containerfileName(a) + " differ: its tag does not tell the bits")
	}
	return nil
}

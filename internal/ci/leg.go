package ci

import (
	"context"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox"
)

// Leg builds one platform and pushes it without a tag, and prints its digest.
func Leg(ctx context.Context, a *cli.App, name string, p PublishFlags) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	s.Legs, s.Force = "", "" // they are about the index
	o, err := publishOptions(a, s, p)
	if err != nil {
		return err
	}
	c, err := sandbox.PublishLeg(ctx, s.Base, name, o)
	a.GitHub.EndGroup()
	if err != nil {
		return cli.Ends(ctx, err)
	}
	err = a.GitHub.Set(
		github.Output{Name: "digest", Value: c.Digest},
		github.Output{Name: "leg", Value: c.Platform + "=" + c.Digest},
		// A name for each platform, since the jobs of a matrix share their outputs.
		github.Output{Name: strings.NewReplacer("/", "_", ".", "_").Replace(c.Platform), Value: c.Platform + "=" + c.Digest},
	)
	if err != nil {
		return err
	}
	return a.Print(c.Digest, ChildJSON{Platform: c.Platform, Digest: c.Digest, Size: c.ImageSize})
}

// parseLegs reads platform=digest pairs.
func parseLegs(text string) (map[string]string, error) {
	legs := map[string]string{}
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		name, digest, found := strings.Cut(pair, "=")
		bad := func(why string) error {
			return &cli.UsageError{Err: fmt.Errorf("leg %q: %s", pair, why), Remedy: "a leg is platform=digest, such as linux/arm64=sha256:…, as release:leg gives it"}
		}
		if !found {
			return nil, bad("it has no digest")
		}
		name, err := platform.Normalize(name)
		if err != nil {
			return nil, bad(err.Error())
		}
		if _, err := v1.NewHash(digest); err != nil {
			return nil, bad("its digest is not sha256:<64 hex digits>")
		}
		if legs[name] != "" && legs[name] != digest {
			return nil, bad("there are two for its platform")
		}
		legs[name] = digest
	}
	return legs, nil
}

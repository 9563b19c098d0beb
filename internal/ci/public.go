package ci

import (
	"context"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/sandbox"
)

// Public fails unless anonymous clients can pull the image for every platform.
func Public(ctx context.Context, a *cli.App) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	digest, err := sandbox.CheckPublic(ctx, s.Base, sandbox.PublishOptions{Registry: s.Registry})
	if err != nil {
		return cli.Ends(ctx, err)
	}
	ref, err := s.Base.Ref()
	if err != nil {
		return err
	}
	return a.Print(ref.String(), map[string]string{"ref": ref.String(), "digest": digest})
}

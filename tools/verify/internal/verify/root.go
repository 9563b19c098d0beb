package verify

import (
	"context"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox/registry"
)

// publicRoot fetches Sigstore's public trusted root by TUF, from the keys that
// are linked into this program, and keeps it in the user's cache directory.
func publicRoot(ctx context.Context) (root.TrustedMaterial, error) {
	type outcome struct {
		root *root.TrustedRoot
		err  error
	}
	done := make(chan outcome, 1)
	go func() { // the client knows no context
		o := tuf.DefaultOptions()
		dir, err := userdir.Sigstore()
		o.CachePath, o.DisableLocalCache = dir, err != nil
		r, err := root.FetchTrustedRootWithOptions(o)
		done <- outcome{r, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case o := <-done:
		if o.err != nil {
			return nil, &registry.Error{
				State: registry.StateUnreachable, Reason: sanitize.Line(fmt.Sprintf("Sigstore's trusted root cannot be fetched: %v", o.err)),
				Remedy: "without that network, give the file with --trusted-root (trusted-root=FILE in a policy)",
			}
		}
		return o.root, nil
	}
}

package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/vessux/openlock/internal/sanitize"
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
		o.CachePath = filepath.Join(xdg.CacheHome, "openlock", "sigstore")
		// Without a home, that would be in the root directory.
		_, err := os.UserCacheDir()
		o.DisableLocalCache = err != nil
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

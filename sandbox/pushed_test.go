package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox/tag"
)

// push puts an index with a small image for each platform under a ref. Equal
// labels make equal bytes. It fails fast: the tests of faults wait for it.
func push(ctx context.Context, ref tag.Ref, labels map[string]string, platforms ...string) (*lab.Published, error) {
	to, err := name.NewTag(ref.String())
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	pushed := &lab.Published{Children: map[string]string{}}
	for _, platform := range platforms {
		p, err := v1.ParsePlatform(platform)
		if err != nil {
			return nil, err
		}
		image, err := small(*p, labels)
		if err != nil {
			return nil, err
		}
		digest, err := image.Digest()
		if err != nil {
			return nil, err
		}
		pushed.Children[platform] = digest.String()
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: p}})
	}
	digest, err := index.Digest()
	if err != nil {
		return nil, err
	}
	pushed.Digest = digest.String()
	return pushed, remote.WriteIndex(to, index, remote.WithContext(ctx), remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 2}))
}

// small is an image of one layer.
func small(p v1.Platform, labels map[string]string) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(image, static.NewLayer([]byte("layer"), types.OCIUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant, config.Config.Labels = p.OS, p.Architecture, p.Variant, labels
	return mutate.ConfigFile(image, config)
}

// mustPush is [push] of an image with an identity for the platforms, both by
// default. Another run makes other bytes.
func mustPush(t *testing.T, ref tag.Ref, identity, run string, platforms ...string) *lab.Published {
	t.Helper()
	if len(platforms) == 0 {
		platforms = []string{"linux/amd64", "linux/arm64"}
	}
	pushed, err := push(t.Context(), ref, map[string]string{tag.Label: identity, "run": run}, platforms...)
	if err != nil {
		t.Fatal(err)
	}
	return pushed
}

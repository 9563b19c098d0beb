package lab

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/sandbox/tag"
)

// Published is a base image as a registry has it.
type Published struct {
	Digest   string            // of the index
	Children map[string]string // platform → digest
}

// Publish puts the image of a Containerfile on the seed into a registry,
// without any engine: an index with a child for each platform, each with the
// given label. It is for tests of what hosts do with published images; how
// images get published is tested with the real thing.
func Publish(ctx context.Context, ref tag.Ref, label string, platforms ...string) (*Published, error) {
	labels := map[string]string{}
	if label != "" {
		labels[tag.Label] = label
	}
	return PublishLabelled(ctx, ref, labels, platforms...)
}

// PublishLabelled is [Publish] with any labels.
func PublishLabelled(ctx context.Context, ref tag.Ref, labels map[string]string, platforms ...string) (*Published, error) {
	p := &Published{Children: map[string]string{}}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		image, err := labelled(ctx, platform, labels)
		if err != nil {
			return nil, err
		}
		digest, err := image.Digest()
		if err != nil {
			return nil, err
		}
		p.Children[platform] = digest.String()
		index = appendImage(index, image, platform)
	}
	digest, err := index.Digest()
	if err != nil {
		return nil, err
	}
	p.Digest = digest.String()
	to, err := name.NewTag(ref.String())
	if err != nil {
		return nil, err
	}
	return p, remote.WriteIndex(to, index, remote.WithContext(ctx))
}

func labelled(ctx context.Context, platform string, labels map[string]string) (v1.Image, error) {
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	image, err := seedImage(ctx, p.Architecture)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Variant = p.Variant
	config.Config.Labels = labels
	return mutate.ConfigFile(image, config)
}

// Delete removes something from a registry, as clean-up jobs do: of kind
// "manifests" by digest or tag, of kind "blobs" by digest.
func Delete(ctx context.Context, repository, kind, what string) error {
	repo, err := name.NewRepository(repository)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/v2/%s/%s/%s", repo.RegistryStr(), repo.RepositoryStr(), kind, what)
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, url, nil)
	if err != nil {
		return err
	}
	// A connection of its own: every httptest server that ends closes those of
	// http.DefaultTransport.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("DELETE %s: HTTP %d", url, resp.StatusCode)
	}
	return nil
}

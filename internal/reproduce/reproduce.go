package reproduce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox"
)

// Exporter is a builder that can write what it builds into an OCI layout
// (OCI Image Specification, "Image Layout"), which it makes at dir.
type Exporter interface {
	sandbox.Builder
	Export(ctx context.Context, r sandbox.LegRequest, dir string) error
}

// Outcome is what two builds for one platform came to.
type Outcome struct {
	Platform    string       `json:"platform"`
	Digest      string       `json:"digest"` // of the first build's image, sha256:…
	Differences []Difference `json:"differences"`
}

// Run builds twice without cache for every platform, one after the other, and
// compares. The errors are the builder's.
func Run(ctx context.Context, e Exporter, r sandbox.LegRequest) ([]Outcome, error) {
	if err := e.Check(ctx, r.Platforms); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "openlock-reproduce-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r.NoCache = true
	var all []Outcome
	for i, platform := range r.Platforms {
		leg := r
		leg.Platforms = []string{platform}
		var images [2]v1.Image
		for n := range images {
			path := filepath.Join(dir, fmt.Sprintf("%d-%d", i, n))
			if err := e.Export(ctx, leg, path); err != nil {
				return nil, err
			}
			if images[n], err = Image(path, platform); err != nil {
				return nil, err
			}
		}
		o := Outcome{Platform: platform, Differences: []Difference{}}
		digest, err := images[0].Digest()
		if err != nil {
			return nil, err
		}
		o.Digest = digest.String()
		found, err := Compare(images[0], images[1])
		if err != nil {
			return nil, err
		}
		o.Differences = append(o.Differences, found...)
		all = append(all, o)
	}
	return all, nil
}

// Image returns the one image of a layout, which has to be for the platform.
func Image(dir, want string) (v1.Image, error) {
	path, err := layout.FromPath(dir)
	if err != nil {
		return nil, err
	}
	index, err := path.ImageIndex()
	if err != nil {
		return nil, err
	}
	images, err := flatten(index)
	if err != nil {
		return nil, err
	}
	if len(images) != 1 {
		return nil, fmt.Errorf("what was built holds %d images, not one", len(images))
	}
	config, err := images[0].ConfigFile()
	if err != nil {
		return nil, err
	}
	if !platform.Same(config.Platform().String(), want) {
		return nil, fmt.Errorf("what was built is for %s, not for %s", config.Platform(), want)
	}
	return images[0], nil
}

func flatten(index v1.ImageIndex) ([]v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var all []v1.Image
	for _, d := range manifest.Manifests {
		switch {
		case d.MediaType.IsIndex():
			inner, err := index.ImageIndex(d.Digest)
			if err != nil {
				return nil, err
			}
			images, err := flatten(inner)
			if err != nil {
				return nil, err
			}
			all = append(all, images...)
		case d.MediaType.IsImage():
			image, err := index.Image(d.Digest)
			if err != nil {
				return nil, err
			}
			all = append(all, image)
		default:
			return nil, errors.New("what was built holds something else than images")
		}
	}
	return all, nil
}

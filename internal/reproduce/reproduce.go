package reproduce

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/leg"
)

// Exporter is a builder that can write what it builds into an OCI layout
// (OCI Image Specification, "Image Layout"), which it makes at dir.
type Exporter interface {
	leg.Builder
	Export(ctx context.Context, r leg.Request, dir string) error
}

// Outcome is what two builds for one platform came to.
type Outcome struct {
	Platform    string       `json:"platform"`
	Digest      string       `json:"digest"` // of the first build's image, sha256:…
	Differences []Difference `json:"differences"`
}

// Run builds twice without cache for every platform, one after the other, and
// compares. The errors are the builder's.
func Run(ctx context.Context, e Exporter, r leg.Request) ([]Outcome, error) {
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

// Image returns the one image of an OCI layout, which has to be for a platform.
func Image(dir, want string) (v1.Image, error) {
	image, err := layout.Image(dir)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	if !platform.Same(config.Platform().String(), want) {
		return nil, fmt.Errorf("the image is for %s, not for %s", config.Platform(), want)
	}
	return image, nil
}

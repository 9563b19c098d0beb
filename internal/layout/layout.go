// Package layout reads and writes directories of images (OCI Image
// Specification 1.1, "Image Layout").
package layout

import (
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// Image returns the one image of a layout, however deep in indexes it is.
func Image(dir string) (v1.Image, error) {
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
		return nil, fmt.Errorf("the layout holds %d images instead of one", len(images))
	}
	return images[0], nil
}

// Write makes a layout of one image at dir.
func Write(dir string, image v1.Image) error {
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(image)
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
			return nil, errors.New("the layout holds something other than images")
		}
	}
	return all, nil
}

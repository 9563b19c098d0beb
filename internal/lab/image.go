package lab

import (
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/sandbox/tag"
)

// Image makes a small image for a platform with one layer of random bytes, so
// that no two are the same. Engines can pull it, not run it. Label is that of
// the identity; empty: none.
func Image(platform, label string) (v1.Image, error) {
	image, err := random.Image(64, 1)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.OS, p.Architecture, p.Variant
	if label != "" {
		config.Config.Labels = map[string]string{tag.Label: label}
	}
	return mutate.ConfigFile(image, config)
}

// Entry is one entry of an index: an image or index, and the platform that the
// index claims for it; empty: none.
type Entry struct {
	Platform string
	mutate.Appendable
}

// Index makes an OCI image index.
func Index(entries ...Entry) (v1.ImageIndex, error) {
	index := v1.ImageIndex(empty.Index)
	for _, e := range entries {
		add := mutate.IndexAddendum{Add: e.Appendable}
		if e.Platform != "" {
			p, err := v1.ParsePlatform(e.Platform)
			if err != nil {
				return nil, err
			}
			add.Platform = p
		}
		index = mutate.AppendManifests(index, add)
	}
	return index, nil
}

// Push puts an image or index under a ref.
func Push(ref tag.Ref, what mutate.Appendable) error {
	to, err := name.ParseReference(ref.String())
	if err != nil {
		return err
	}
	switch v := what.(type) {
	case v1.ImageIndex:
		return remote.WriteIndex(to, v)
	default:
		return remote.Write(to, v.(v1.Image))
	}
}

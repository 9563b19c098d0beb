package layout

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestImage reads what builders write: an image by itself, or in an index.
func TestImage(t *testing.T) {
	one, err := mutate.CreatedAt(empty.Image, v1.Time{})
	if err != nil {
		t.Fatal(err)
	}
	two := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	add := func(all ...mutate.Appendable) v1.ImageIndex {
		index := v1.ImageIndex(empty.Index)
		for _, a := range all {
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: a})
		}
		return index
	}
	want, err := one.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		index v1.ImageIndex
		fails string
	}{
		{"an image", add(one), ""},
		{"an image in an index", add(add(one)), ""},
		{"two images", add(one, two), "2 images"},
		{"nothing", empty.Index, "0 images"},
	} {
		dir := t.TempDir()
		if _, err := layout.Write(dir, c.index); err != nil {
			t.Fatal(err)
		}
		image, err := Image(dir)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got, err := image.Digest(); err != nil || got != want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if _, err := Image(t.TempDir()); err == nil {
		t.Error("an empty directory is no layout")
	}
}

// TestWrite: what is written is read again.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, empty.Image); err != nil {
		t.Fatal(err)
	}
	if _, err := Image(dir); err != nil {
		t.Error(err)
	}
}

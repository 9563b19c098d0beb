// Package reproduce tells whether two builds gave the same image, and where
// they did not, in which layer and in which files.
package reproduce

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/sanitize"
)

// Difference is one thing in which two images differ.
type Difference struct {
	Layer int    `json:"layer"` // from 0, the lowest; -1: the image's config
	File  string `json:"file"`  // path in the layer; empty where it is about the whole
	What  string `json:"what"`  // one line, fit to print
}

func (d Difference) String() string {
	where := "config"
	if d.Layer >= 0 {
		where = fmt.Sprintf("layer %d", d.Layer)
	}
	if d.File != "" {
		where += ", " + d.File
	}
	return where + ": " + d.What
}

// Compare lists how two images differ; none where their digests are equal.
func Compare(a, b v1.Image) ([]Difference, error) {
	digestA, errA := a.Digest()
	digestB, errB := b.Digest()
	if err := errors.Join(errA, errB); err != nil || digestA == digestB {
		return nil, err
	}
	layersA, errA := a.Layers()
	layersB, errB := b.Layers()
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	var found []Difference
	if len(layersA) != len(layersB) {
		found = append(found, Difference{Layer: -1, What: fmt.Sprintf("%d layers, and %d", len(layersA), len(layersB))})
	}
	for i := range min(len(layersA), len(layersB)) {
		differ, err := compareLayers(i, layersA[i], layersB[i])
		if err != nil {
			return nil, err
		}
		found = append(found, differ...)
	}
	config, err := compareConfigs(a, b, len(found) > 0)
	if err != nil {
		return nil, err
	}
	if found = append(found, config...); len(found) == 0 {
		found = append(found, Difference{Layer: -1, What: fmt.Sprintf("the manifests differ, %s and %s", digestA, digestB)})
	}
	return found, nil
}

func compareLayers(i int, a, b v1.Layer) ([]Difference, error) {
	digestA, errA := a.Digest()
	digestB, errB := b.Digest()
	if err := errors.Join(errA, errB); err != nil || digestA == digestB {
		return nil, err
	}
	filesA, errA := list(a)
	filesB, errB := list(b)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	var found []Difference
	add := func(file, what string) {
		found = append(found, Difference{Layer: i, File: sanitize.Line(file), What: sanitize.Line(what)})
	}
	for _, name := range slices.Sorted(maps.Keys(filesA)) {
		other, there := filesB[name]
		if !there {
			add(name, "in the first build only")
		} else if what := filesA[name].differs(other); what != "" {
			add(name, what)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(filesB)) {
		if _, there := filesA[name]; !there {
			add(name, "in the second build only")
		}
	}
	if len(found) == 0 {
		add("", "the same files in another order or compression")
	}
	return found, nil
}

// entry is what a layer says of a file.
type entry struct {
	header tar.Header
	sum    string // SHA-256 of its content
}

// list reads a layer, a tar archive (OCI Image Specification, "Image Layer
// Filesystem Changeset").
func list(l v1.Layer) (map[string]entry, error) {
	r, err := l.Uncompressed()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	files := map[string]entry{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("layer: %w", err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, t); err != nil {
			return nil, fmt.Errorf("layer: %s: %w", sanitize.Line(h.Name), err)
		}
		files[strings.TrimPrefix(h.Name, "./")] = entry{*h, hex.EncodeToString(sum.Sum(nil))}
	}
}

// differs tells in what; empty where in nothing.
func (a entry) differs(b entry) string {
	var what []string
	add := func(name string, a, b any) {
		if a != b {
			what = append(what, fmt.Sprintf("%s %v and %v", name, a, b))
		}
	}
	add("type", string(a.header.Typeflag), string(b.header.Typeflag))
	add("mode", fmt.Sprintf("%#o", a.header.Mode), fmt.Sprintf("%#o", b.header.Mode))
	add("owner", fmt.Sprintf("%d:%d", a.header.Uid, a.header.Gid), fmt.Sprintf("%d:%d", b.header.Uid, b.header.Gid))
	add("time", a.header.ModTime.UTC().Format(time.RFC3339), b.header.ModTime.UTC().Format(time.RFC3339))
	add("link", a.header.Linkname, b.header.Linkname)
	add("size", a.header.Size, b.header.Size)
	if a.sum != b.sum && a.header.Size == b.header.Size {
		what = append(what, "its content")
	}
	if !maps.Equal(a.header.PAXRecords, b.header.PAXRecords) && len(what) == 0 {
		what = append(what, "its extended attributes")
	}
	return strings.Join(what, ", ")
}

// compareConfigs looks at what an image says beside its layers, whose own
// differences change its list of them anyway.
func compareConfigs(a, b v1.Image, layersDiffer bool) ([]Difference, error) {
	configA, errA := a.ConfigFile()
	configB, errB := b.ConfigFile()
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	var found []Difference
	add := func(what string, a, b any) {
		if textA, textB := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); textA != textB {
			found = append(found, Difference{Layer: -1, What: sanitize.Line(fmt.Sprintf("%s %s and %s", what, textA, textB))})
		}
	}
	add("created", configA.Created.UTC(), configB.Created.UTC())
	add("platform", configA.Platform(), configB.Platform())
	add("settings", configA.Config, configB.Config)
	if !layersDiffer {
		add("layers", configA.RootFS.DiffIDs, configB.RootFS.DiffIDs)
	}
	for i := range min(len(configA.History), len(configB.History)) {
		add(fmt.Sprintf("history %d", i), configA.History[i], configB.History[i])
	}
	return found, nil
}

package lab

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch is the time of every file in the seed image, so that its digest is the
// same on every machine and every day.
var epoch = time.Unix(1785801600, 0).UTC()

// Seed pushes the seed image, for linux/amd64 and linux/arm64, to HOST/seed
// and returns it pinned by digest, for a FROM line.
func Seed(ctx context.Context, host string) (string, error) {
	return pushPinned(ctx, host+"/seed", []string{"amd64", "arm64"}, seedImage)
}

// pushPinned pushes an index of the images that are made for architectures,
// and returns it pinned by digest.
func pushPinned(ctx context.Context, repository string, archs []string, imageFor func(context.Context, string) (v1.Image, error)) (string, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range archs {
		image, err := imageFor(ctx, arch)
		if err != nil {
			return "", err
		}
		index = appendImage(index, image, "linux/"+arch)
	}
	repo, err := name.NewRepository(repository)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	ref := repo.Digest(digest.String())
	return ref.String(), remote.WriteIndex(ref, index, remote.WithContext(ctx))
}

// Containerfile returns a small, sound Containerfile on a seed image, with
// further lines at its end.
func Containerfile(from string, lines ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "FROM %s\nRUN [\"/bin/seed\", \"write\", \"/etc/made\", \"by the Containerfile\"]\n", from)
	for _, l := range lines {
		fmt.Fprintln(&b, l)
	}
	return b.Bytes()
}

func appendImage(index v1.ImageIndex, image v1.Image, platform string) v1.ImageIndex {
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		panic(err) // a platform in our own source
	}
	desc := v1.Descriptor{Platform: p, MediaType: types.OCIManifestSchema1}
	if full, err := partial.Descriptor(image); err == nil {
		desc = *full
		desc.Platform = p
	}
	return mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: desc})
}

// seeds are the seed images that this process has made, by architecture.
var seeds = struct {
	sync.Mutex
	images map[string]v1.Image
}{images: map[string]v1.Image{}}

func seedImage(ctx context.Context, arch string) (v1.Image, error) {
	seeds.Lock()
	defer seeds.Unlock()
	if image, ok := seeds.images[arch]; ok {
		return image, nil
	}
	image, err := newSeedImage(ctx, arch)
	if err == nil {
		seeds.images[arch] = image
	}
	return image, err
}

func newSeedImage(ctx context.Context, arch string) (v1.Image, error) {
	program, err := seedProgram(ctx, arch)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return seedFiles(program) },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	return oneLayer(arch, layer, v1.Config{Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/seed"}})
}

// oneLayer makes an image for linux that was made at epoch.
func oneLayer(arch string, layer v1.Layer, config v1.Config) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"}, Config: config,
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}}})
}

func seedFiles(program []byte) (io.ReadCloser, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, d := range []string{"bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"} {
		if err := w.WriteHeader(&tar.Header{Name: d, Typeflag: tar.TypeDir, Mode: 0o755, ModTime: epoch}); err != nil {
			return nil, err
		}
	}
	passwd := "root:x:0:0::/:/bin/seed\nsandbox:x:60000:60000::/:/bin/seed\n"
	for _, f := range []struct {
		name string
		mode int64
		body []byte
	}{{"bin/seed", 0o755, program}, {"etc/passwd", 0o644, []byte(passwd)}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Typeflag: tar.TypeReg, Mode: f.mode, Size: int64(len(f.body)), ModTime: epoch}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(&b), w.Close()
}

// seedProgram returns the seed program for an architecture.
func seedProgram(ctx context.Context, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "openlock-seed-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The bytes, and so the digest of the image, are the same everywhere.
	b := GoBuild{Package: "./internal/lab/seed", Env: []string{"GOOS=linux", "GOARCH=" + arch, "GOFLAGS=-buildvcs=false"}}
	path, err := share(ctx, dir, "seed", func(path string) error { return b.Run(ctx, path) }, arch)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

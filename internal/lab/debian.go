package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// debianSuite is the release that stands in for Ubuntu's image.
const debianSuite = "bookworm"

// debianSettings are files that Ubuntu's and Debian's images have, and that
// debootstrap does not make: packages are unpacked without waiting for the
// disk, and translations of their descriptions are not downloaded.
var debianSettings = map[string]string{
	"etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
	"etc/apt/apt.conf.d/docker-no-languages": "Acquire::Languages \"none\";\n",
}

// Debian pushes a minimal Debian, for linux on each architecture, to
// HOST/debian and returns it pinned by digest, for a FROM line. It stands in
// for Ubuntu's image where the real base.Containerfile is built: apt and its
// packages are real.
func Debian(ctx context.Context, host string, archs ...string) (string, error) {
	return pushPinned(ctx, host+"/debian", archs, debianImage)
}

func debianImage(ctx context.Context, arch string) (v1.Image, error) {
	path, err := debianFiles(ctx, arch)
	if err != nil {
		return nil, err
	}
	files, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// As it is: to compress it, or to read it compressed, takes longer with the
	// race detector on than to push it.
	layer := static.NewLayer(files, types.OCIUncompressedLayer)
	return oneLayer(arch, layer, v1.Config{
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Cmd: []string{"/bin/bash"},
	})
}

// debianFiles returns the path of a tarball of what debootstrap makes, with
// the settings above. Made once, which needs root, Debian's archive and, for
// another architecture than the machine's, its emulation, it is kept in
// [CacheDir].
func debianFiles(ctx context.Context, arch string) (string, error) {
	path := filepath.Join(CacheDir(), "debian-"+debianSuite+"-image-"+arch+".tar")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	debootstrap, err := Debootstrap.Find()
	if err != nil {
		return "", err
	}
	if os.Geteuid() != 0 {
		return "", errors.New("debootstrap needs root, once: `sudo go run magefile.go test`")
	}
	if err := os.MkdirAll(CacheDir(), 0o755); err != nil {
		return "", err
	}
	// Written beside its place and moved there, so that one that is there is whole.
	partial := fmt.Sprintf("%s.%d", path, os.Getpid())
	defer os.Remove(partial)
	dir := partial + ".d"
	defer os.RemoveAll(dir)
	defer unmountUnder(dir) // what debootstrap mounts and leaves when it is stopped
	if said, err := runWith(ctx, nil, debootstrap, "--variant=minbase", "--arch="+arch, debianSuite, dir); err != nil {
		return "", fmt.Errorf("%w\n%s", err, lastLines(said, 5))
	}
	for name, text := range debianSettings {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	if _, err := runWith(ctx, nil, "tar", "--create", "--numeric-owner", "--one-file-system", "--file", partial,
		"--exclude=./var/cache/apt/archives/*.deb", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "--directory", dir, "."); err != nil {
		return "", err
	}
	return path, os.Rename(partial, path)
}

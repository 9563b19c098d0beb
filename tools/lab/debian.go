package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// debianSuite is the release that stands in for Ubuntu's image.
const debianSuite = "bookworm"

// Debian pushes a minimal Debian for this machine's architecture to
// HOST/debian and returns it pinned by digest. It stands in for Ubuntu's image
// where the real base.Containerfile is built: apt and its packages are real.
// Made once, which needs root and Debian's archive, it is kept in [CacheDir].
func Debian(ctx context.Context, host string) (string, error) {
	rootfs, err := debianRootfs(ctx)
	if err != nil {
		return "", err
	}
	layer, err := tarball.LayerFromFile(rootfs)
	if err != nil {
		return "", err
	}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: runtime.GOARCH, OS: "linux", RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, Cmd: []string{"/bin/bash"}},
	})
	if err != nil {
		return "", err
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	repo, err := name.NewRepository(host + "/debian")
	if err != nil {
		return "", err
	}
	ref := repo.Digest(digest.String())
	return ref.String(), remote.Write(ref, image, remote.WithContext(ctx))
}

// debianRootfs returns the path of a tarball of a minimal Debian.
func debianRootfs(ctx context.Context) (string, error) {
	path := filepath.Join(CacheDir(), "debian-"+debianSuite+"-"+runtime.GOARCH+".tar")
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
	cmd := exec.CommandContext(ctx, debootstrap, "--variant=minbase", debianSuite, dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("debootstrap: %w\n%s", err, lastLines(string(out), 5))
	}
	tar := exec.CommandContext(ctx, "tar", "--create", "--numeric-owner", "--one-file-system", "--file", partial,
		"--exclude=./var/cache/apt/archives/*.deb", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "--directory", dir, ".")
	if out, err := tar.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tar: %w\n%s", err, lastLines(string(out), 5))
	}
	return path, os.Rename(partial, path)
}

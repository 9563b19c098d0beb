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
)

// debianSuite is the release that stands in for Ubuntu's image.
const debianSuite = "bookworm"

// Debian returns the path of a tarball of a minimal Debian for this machine's
// architecture, for an engine to import. It stands in for Ubuntu's image where
// the real base.Containerfile is built: apt and its packages are real. Made
// once, which needs root and Debian's archive, it is kept in [CacheDir].
func Debian(ctx context.Context) (string, error) {
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

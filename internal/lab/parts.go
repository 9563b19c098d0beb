package lab

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/adrg/xdg"
)

// Part is one real thing that the test suite uses.
type Part struct {
	Name string
	For  string // what it is used for
	find func() (string, error)
}

// The parts.
var (
	Podman      = Part{"podman", "the first engine", onPath("podman")}
	Docker      = Part{"docker", "the second engine's program", onPath("docker")}
	Dockerd     = Part{"dockerd", "the second engine's daemon", onPath("dockerd")}
	Debootstrap = Part{"debootstrap", "a stand-in for Ubuntu's image", onPath("debootstrap")}
	QEMU        = Part{"qemu-aarch64", "running arm64 images", registered("qemu-aarch64", "arm64")}
	Buildx      = Part{"buildx", "building for several platforms", built("buildx")}
	Buildkitd   = Part{"buildkitd", "the daemon behind buildx", built("buildkitd")}
	Crane       = Part{"crane", "comparison in benchmarks", built("crane")}
	Staticcheck = Part{"staticcheck", "lint", built("staticcheck")}
	Actionlint  = Part{"actionlint", "lint of the workflows", built("actionlint")}
	Govulncheck = Part{"govulncheck", "lint: known vulnerabilities", built("govulncheck")}
	Cosign2     = Part{"cosign-v2", "signatures as cosign 2 makes them", built("cosign-v2")}
	Cosign3     = Part{"cosign-v3", "signatures as cosign 3 makes them", built("cosign-v3")}
)

// All returns every part.
func All() []Part {
	return []Part{Podman, Docker, Dockerd, Debootstrap, QEMU, Buildx, Buildkitd, Crane, Staticcheck, Actionlint, Govulncheck, Cosign2, Cosign3}
}

// Find returns the path of the part. The error names the part and the remedy.
func (p Part) Find() (string, error) {
	path, err := p.find()
	if err != nil {
		return "", fmt.Errorf("%s is missing (%s): get it with `go run magefile.go lab`", p.Name, p.For)
	}
	return path, nil
}

func onPath(name string) func() (string, error) {
	return func() (string, error) {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		// Debian keeps daemons out of the PATH of users other than root.
		return exec.LookPath(filepath.Join("/usr/sbin", name))
	}
}

// registered finds a handler of the kernel for programs of another
// architecture; the architecture itself needs none.
func registered(name, arch string) func() (string, error) {
	return func() (string, error) {
		if runtime.GOARCH == arch {
			return "", nil
		}
		path := filepath.Join(binfmtDir, name)
		_, err := os.Stat(path)
		return path, err
	}
}

func built(name string) func() (string, error) {
	return func() (string, error) {
		dir, err := BinDir()
		if err != nil {
			return "", err
		}
		return exec.LookPath(filepath.Join(dir, name))
	}
}

// CacheDir is where the lab keeps what is costly to make.
func CacheDir() string { return filepath.Join(xdg.CacheHome, "openlock", "lab") }

// BinDir is the directory of the programs that are built from the modules in
// internal/lab/parts: another directory for each set of versions.
func BinDir() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, module := range modules() {
		for _, name := range []string{"go.mod", "go.sum"} {
			b, err := os.ReadFile(filepath.Join(root, "internal", "lab", module, name))
			if err != nil {
				return "", err
			}
			h.Write(b)
		}
	}
	return filepath.Join(CacheDir(), "bin-"+hex.EncodeToString(h.Sum(nil))[:12]), nil
}

// rootModule begins the go.mod of this repository's root, and of no module
// below it.
const rootModule = "module github.com/vessux/openlock\n"

// Root returns the directory of this repository's checkout, of which the
// working directory has to be a part.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), rootModule) {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("not in a checkout of openlock: no go.mod of its above the working directory")
		}
		dir = above
	}
}

// Version returns the name and version of a part that is compiled from parts.
func (p Part) Version() (string, error) {
	path, err := p.Find()
	if err != nil {
		return "", err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "", err
	}
	for _, m := range append(info.Deps, &info.Main) {
		if strings.HasPrefix(info.Path, m.Path+"/") {
			return p.Name + " " + m.Version, nil
		}
	}
	return "", fmt.Errorf("%s tells no version", path)
}

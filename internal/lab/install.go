package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

// labPackages are Debian's and Ubuntu's names for what the suite uses: the
// engines, emulation, the stand-in's maker, and a C compiler for the race
// detector.
var labPackages = append([]string{
	"docker.io", "iptables", "iproute2", "qemu-user-static", "debootstrap", "debian-archive-keyring", "git", "xz-utils", "gcc", "libc6-dev",
}, debianEngine...)

// binfmtDir is where the kernel is told which program runs files of another
// architecture.
const binfmtDir = "/proc/sys/fs/binfmt_misc"

// Install gets every part ready on Debian and Ubuntu. It does only what is
// missing, so that a second run does nothing, and removes no package. Where in
// is a terminal, it asks before it installs packages.
func Install(ctx context.Context, in io.Reader, out io.Writer) error {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		return errors.New("the lab is made for Debian and Ubuntu: elsewhere, install podman, docker, QEMU's user emulation and debootstrap by hand; tests of parts that are missing are skipped")
	}
	conflicts, err := managers[0].install(ctx, in, out, labPackages)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, io.Writer) error{registerEmulation, buildPrograms} {
		if err := step(ctx, out); err != nil {
			return err
		}
	}
	var missing []error
	for _, p := range All() {
		path, err := p.find()
		if err != nil {
			missing = append(missing, fmt.Errorf("%s is missing (%s)", p.Name, p.For))
			continue
		}
		fmt.Fprintf(out, "%-13s %s\n", p.Name, path)
	}
	return stillMissing(missing, conflicts)
}

// stillMissing tells what the lab does not have, and which packages stand in
// the way of it.
func stillMissing(missing []error, conflicts []conflict) error {
	if len(missing) == 0 {
		return nil
	}
	for _, c := range conflicts {
		missing = append(missing, fmt.Errorf("%s: if you do not need %s, remove it and run this again", c, c.installed))
	}
	return errors.Join(missing...)
}

// registerEmulation has the kernel run arm64 programs with QEMU. Where systemd
// runs, installing QEMU's package has done so.
func registerEmulation(ctx context.Context, out io.Writer) error {
	if _, err := QEMU.find(); err == nil {
		return nil
	}
	if runtime.GOARCH != "amd64" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(binfmtDir, "register")); err != nil {
		if err := asRoot(ctx, out, "mount", "-t", "binfmt_misc", "binfmt_misc", binfmtDir); err != nil {
			return err
		}
	}
	if _, err := QEMU.find(); err == nil {
		return nil
	}
	return asRoot(ctx, out, "sh", "-c", "cat /usr/lib/binfmt.d/qemu-aarch64.conf > "+binfmtDir+"/register")
}

// program is built from a module below internal/lab that pins its version, apart
// from those of openlock itself.
type program struct {
	module string // directory
	path   string // of the package
}

var programs = map[string]program{
	// Modules of their own, since they need other versions than the rest.
	"actionlint":  {"parts/actionlint", "github.com/rhysd/actionlint/cmd/actionlint"},
	"buildkitd":   {"parts", "github.com/moby/buildkit/cmd/buildkitd"},
	"buildx":      {"parts", "github.com/docker/buildx/cmd/buildx"},
	"cosign-v2":   {"parts/cosign", "github.com/sigstore/cosign/v2/cmd/cosign"},
	"cosign-v3":   {"parts/cosign", "github.com/sigstore/cosign/v3/cmd/cosign"},
	"crane":       {"parts", "github.com/google/go-containerregistry/cmd/crane"},
	"govulncheck": {"parts/govulncheck", "golang.org/x/vuln/cmd/govulncheck"},
	"staticcheck": {"parts", "honnef.co/go/tools/cmd/staticcheck"},
}

// modules lists the modules of the programs, sorted.
func modules() []string {
	var all []string
	for _, p := range programs {
		all = append(all, p.module)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func buildPrograms(ctx context.Context, out io.Writer) error {
	root, err := Root()
	if err != nil {
		return err
	}
	dir, err := BinDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		// Built beside its place and moved there, so that a program that is
		// there is whole.
		partial := path + ".partial"
		p := programs[name]
		if err := show(ctx, out, filepath.Join(root, "internal", "lab", p.module), "go", "build", "-trimpath", "-o", partial, p.path); err != nil {
			return err
		}
		if err := os.Rename(partial, path); err != nil {
			return err
		}
	}
	return nil
}

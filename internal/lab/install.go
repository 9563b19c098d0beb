package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	packages, conflicts, err := managers[0].agree(ctx, in, out, labPackages)
	if err != nil {
		return err
	}
	// The programs are compiled without what is installed: side by side, the
	// one waits for the network and the disk while the other computes.
	out = &lineWriter{w: out}
	if err := together(
		func() error {
			if err := managers[0].add(ctx, out, packages); err != nil {
				return err
			}
			return registerEmulation(ctx, out)
		},
		func() error { return buildPrograms(ctx, out) },
	); err != nil {
		return err
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

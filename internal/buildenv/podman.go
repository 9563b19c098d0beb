package buildenv

import (
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/process"
)

// podmanTemp is where podman writes what is temporary, if nothing says
// otherwise.
const podmanTemp = "/var/tmp"

// askTimeout bounds the question where that is. A podman that does not answer
// will not build either, and is then stopped by the build's own limit.
const askTimeout = 5 * time.Second

// PodmanTemp makes a directory for what podman writes while it builds, and
// returns the variable that names it. Podman leaves that behind when it is
// interrupted while it pulls the FROM image. It is made where podman would
// write: that may be the only disk with enough room. Call remove after the
// build.
func PodmanTemp(ctx context.Context, podman process.Program) (env []string, remove func()) {
	parent := os.Getenv("TMPDIR")
	if parent == "" && os.Getenv("CONTAINER_HOST") == "" {
		if said, err := podman.AskWithin(ctx, askTimeout, "info", "--format", "{{.Store.ImageCopyTmpDir}}"); err == nil {
			parent = string(bytes.TrimSpace(said))
		}
	}
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		parent = podmanTemp
	}
	dir, err := os.MkdirTemp(parent, "openlock-build-")
	if err != nil {
		return nil, func() {} // podman itself tells what it cannot write
	}
	return []string{"TMPDIR=" + dir}, func() {
		if !mountedBelow(dir) {
			os.RemoveAll(dir)
		}
	}
}

// mountedBelow reports whether something is mounted below a directory, or may
// be: that is not ours to remove.
func mountedBelow(dir string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if os.IsNotExist(err) {
		return false // not Linux, where podman is a client
	}
	return err != nil || strings.Contains(string(mounts), " "+dir+"/")
}

package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// GoBuild compiles a program of this repository without cgo.
type GoBuild struct {
	Module  string   // its directory, from the root of the repository; empty: the root
	Package string   // as the go command takes it, from the module's directory
	LDFlags string   // beside -s -w
	Env     []string // NAME=value, beside the process's own
	Overlay string   // of the go command's flag -overlay; empty: none
}

// Run writes the program to path.
func (b GoBuild) Run(ctx context.Context, path string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	args := []string{"build", "-trimpath", strings.TrimSpace("-ldflags=-s -w " + b.LDFlags), "-o", path}
	if b.Overlay != "" {
		args = append(args, "-overlay", b.Overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, b.Package)...)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(b.Module))
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), b.Env...)
	return runGo(cmd)
}

// runGo runs the go command; the error holds what it printed.
func runGo(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// share puts a program into dir and returns its path there. Every test that
// needs the program gets the same one: build writes it to a path in [CacheDir],
// where the go command replaces it only if its sources have changed. One
// process at a time builds. The keys tell apart programs of one name.
func share(ctx context.Context, dir, name string, build func(path string) error, keys ...string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{root, name}, keys...), "\x00")))
	shared := filepath.Join(CacheDir(), "programs", hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(shared, 0o755); err != nil {
		return "", err
	}
	alone := flock.New(filepath.Join(shared, "lock"))
	if _, err := alone.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return "", err
	}
	defer alone.Unlock()
	if err := build(filepath.Join(shared, name)); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return path, copyFile(filepath.Join(shared, name), path)
}

// copyFile makes a second name for a program, or a copy where it is on another
// file system. The go command replaces programs by renaming, so that a second
// name keeps what it names.
func copyFile(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}

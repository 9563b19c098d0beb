package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// BuildOpenlock builds the host binary into dir as it is released, without
// cgo, and returns its path. Values are for the linker, package.name=value.
func BuildOpenlock(ctx context.Context, dir string, values ...string) (string, error) {
	return buildProgram(ctx, dir, "openlock", "", "./tools/openlock", values...)
}

// VerifyModule is the directory of the module that verifies signatures, from
// the root of the repository.
const VerifyModule = "tools/verify"

// BuildVerify builds openlock-verify into dir, and returns its path.
func BuildVerify(ctx context.Context, dir string) (string, error) {
	return buildProgram(ctx, dir, "openlock-verify", VerifyModule, "./openlock-verify")
}

// buildProgram builds a package of a module of this repository, without cgo.
func buildProgram(ctx context.Context, dir, name, module, pkg string, values ...string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	flags := "-ldflags=-s -w"
	for _, v := range values {
		flags += " -X " + v
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", flags, "-o", path, pkg)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(module))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// BuildMage compiles the Mage targets into dir, as the program mage, and
// returns its path. Mage writes into the checkout while it does so, so one
// process at a time does.
func BuildMage(ctx context.Context, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(CacheDir(), 0o755); err != nil {
		return "", err
	}
	alone := flock.New(filepath.Join(CacheDir(), "mage.lock"))
	if _, err := alone.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return "", err
	}
	defer alone.Unlock()
	path := filepath.Join(dir, "mage")
	cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-compile", path)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go tool mage -compile: %w\n%s", err, out)
	}
	return path, nil
}

// importerModule is a project that imports the targets of this checkout.
const importerModule = `module example.com/tool

go 1.26.0

require github.com/vessux/openlock v0.0.0

replace github.com/vessux/openlock => %q
`

// BuildImporter compiles a magefile that imports the targets of this checkout,
// in a throw-away module of its own, into dir as the program tool, and returns
// its path. It uses modules that this checkout uses, and no network.
func BuildImporter(ctx context.Context, dir, magefile string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	module, err := os.MkdirTemp("", "openlock-importer-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(module)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod": fmt.Sprintf(importerModule, root), "go.sum": string(sums), "magefile.go": magefile,
	} {
		if err := os.WriteFile(filepath.Join(module, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, "tool")
	cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-d", module, "-compile", path)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go tool mage -compile of an importer: %w\n%s", err, out)
	}
	return path, nil
}

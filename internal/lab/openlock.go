package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// BuildOpenlock builds the host binary into dir as it is released, without
// cgo, and returns its path. Values are for the linker, package.name=value.
func BuildOpenlock(ctx context.Context, dir string, values ...string) (string, error) {
	b := GoBuild{Package: "./tools/openlock"}
	for _, v := range values {
		b.LDFlags += " -X " + v
	}
	if len(values) > 0 {
		// Values of one test alone: there is nothing to share.
		path := filepath.Join(dir, "openlock")
		return path, b.Run(ctx, path)
	}
	return share(ctx, dir, "openlock", func(path string) error { return b.Run(ctx, path) })
}

// VerifyModule is the directory of the module that verifies signatures, from
// the root of the repository.
const VerifyModule = "tools/verify"

// BuildVerify builds openlock-verify into dir, and returns its path.
func BuildVerify(ctx context.Context, dir string) (string, error) {
	b := GoBuild{Module: VerifyModule, Package: "./openlock-verify"}
	return share(ctx, dir, "openlock-verify", func(path string) error { return b.Run(ctx, path) })
}

// likeOthers has mage compile as [GoBuild] does, so that dependencies are
// compiled once for all programs.
var likeOthers = []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath"}

// BuildMage compiles the Mage targets into dir, as the program mage, and
// returns its path. Mage writes into the checkout while it does so.
func BuildMage(ctx context.Context, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return share(ctx, dir, "mage", func(path string) error {
		cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-compile", path)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), likeOthers...)
		return runGo(cmd)
	})
}

// importerModule is a project that imports the targets of this checkout.
const importerModule = `module example.com/tool

go 1.26.0

require github.com/vessux/openlock v0.0.0

replace github.com/vessux/openlock => %q
`

// BuildImporter compiles a magefile that imports the targets of this checkout,
// in a module of its own, into dir as the program tool, and returns its path.
// It uses modules that this checkout uses, and no network.
func BuildImporter(ctx context.Context, dir, magefile string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	return share(ctx, dir, "tool", func(path string) error {
		module := path + ".module"
		if err := os.MkdirAll(module, 0o755); err != nil {
			return err
		}
		for name, text := range map[string]string{
			"go.mod": fmt.Sprintf(importerModule, root), "go.sum": string(sums), "magefile.go": magefile,
		} {
			if err := os.WriteFile(filepath.Join(module, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
		cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-d", module, "-compile", path)
		cmd.Dir = root
		cmd.Env = append(append(os.Environ(), likeOthers...), "GOFLAGS=-trimpath -mod=mod", "GOPROXY=off", "GOWORK=off")
		return runGo(cmd)
	}, magefile)
}

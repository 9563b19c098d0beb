// Package repo holds the Mage targets of this repository itself: what a
// developer of openlock needs.
package repo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/dev/bench"
	"github.com/vessux/openlock/internal/dev/check"
	"github.com/vessux/openlock/internal/dev/demo"
	"github.com/vessux/openlock/internal/dev/mutate"
	"github.com/vessux/openlock/internal/dev/release"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/registry"
)

// Setup installs a container engine, with the system's package manager, where none answers.
func Setup(ctx context.Context) error { return lab.Setup(ctx, os.Stdin, os.Stdout) }

// Lab installs all that the test suite uses: podman, docker, buildx, buildkitd, QEMU (Debian and Ubuntu).
func Lab(ctx context.Context) error { return lab.Install(ctx, os.Stdin, os.Stdout) }

// Demo plays the life of a base image on this machine, without any account or outside registry.
func Demo(ctx context.Context) error { return demo.Run(ctx, os.Stdout) }

// Lint runs gofmt, go vet, staticcheck, tidiness and the builds for every platform.
func Lint(ctx context.Context) error { return check.Lint(ctx, os.Stdout) }

// Quick runs gofmt, go vet and every test that needs no engine, in a minute.
func Quick(ctx context.Context) error { return check.Quick(ctx, os.Stdout) }

// Test runs lint and every test, real engines included, with the race detector on.
func Test(ctx context.Context) error { return check.Test(ctx, os.Stdout) }

// Bench measures openlock against named tools and writes docs/benchmarks.md.
func Bench(ctx context.Context) error { return bench.Run(ctx, os.Stdout) }

// Decisions proves the table of decisions on real parts, measures a script beside it, and writes docs/decisions.md.
func Decisions(ctx context.Context) error { return check.Decisions(ctx, os.Stdout) }

// Licences writes docs/licences.md: the licence of every module that is imported.
func Licences(ctx context.Context) error { return check.WriteLicences(ctx) }

// Fuzz runs every fuzz target for a time, such as 60s.
func Fuzz(ctx context.Context, each time.Duration) error { return check.Fuzz(ctx, each, os.Stdout) }

// Mutate measures the unit tests by mutation, -packages=./sandbox/tag or all of sandbox and internal/cli; it takes hours for all.
func Mutate(ctx context.Context, packages *string) error {
	patterns := mutate.Packages
	if packages != nil {
		patterns = strings.Split(*packages, ",")
	}
	return mutate.Run(ctx, os.Stdout, patterns...)
}

// Release holds the targets of a release of the host binary.
type Release mg.Namespace

// dist is where release:binaries puts its files.
const dist = "dist"

// Legacy reads the digests of the tags that were published before images were labelled, and prints them as the rows of sandbox/base/early.go.
func (Release) Legacy(ctx context.Context, repository *string) error {
	b := base.Default()
	if repository != nil {
		b.Repository = *repository
	}
	return release.Legacy(ctx, b, registry.Options{Retry: registry.CIRetry}, os.Stdout, os.Stderr)
}

// Binaries builds openlock and openlock-verify for every platform into dist, with checksums, and with the base image's digest where that is published, and signed as OPENLOCK_VERIFY wants.
func (Release) Binaries(ctx context.Context) error {
	verifier, err := verifier()
	if err != nil {
		return failed(err)
	}
	digest, why, err := release.PublishedDigest(ctx, base.Default(), registry.Options{Retry: registry.CIRetry}, verifier)
	if err != nil {
		return failed(err)
	}
	if why != "" {
		fmt.Fprintln(os.Stderr, "openlock: the binaries hold no digest of the base image: "+why)
	}
	return release.Binaries(ctx, dist, digest, release.Targets, os.Stdout)
}

// verifier is what the settings want published images verified by; nil: nothing.
func verifier() (sandbox.Verifier, error) {
	a := &cli.App{Program: cli.Openlock, Out: os.Stdout, Err: os.Stderr, Flags: cli.Flags{}}
	s, err := a.Start()
	if err != nil {
		return nil, err
	}
	return a.Verifier(s)
}

// failed hands an error's exit code and its remedies to Mage.
func failed(err error) error {
	return mg.Fatal(cli.ExitCode(err), cli.Words(cli.Openlock.Name, err))
}

// Tag tags the commit that is checked out as a release of both modules; with -push it pushes the tags, else it prints the command that does.
func (Release) Tag(ctx context.Context, version string, push *bool) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	return release.Tag(ctx, root, version, push != nil && *push, os.Stdout)
}

// GitHub makes the release of the tag that GITHUB_REF_NAME names, with the files of dist.
func (Release) GitHub(ctx context.Context) error {
	return release.GitHub(ctx, os.Getenv("GITHUB_REF_NAME"), dist, os.Stdout)
}

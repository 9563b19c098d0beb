// Package base holds the Mage targets about a base image: tag, exists, build,
// ensure, push and those of release. They are ordinary functions, so that other repositories can
// import them into their magefiles:
//
//	import (
//		//mage:import
//		"github.com/vessux/openlock/magefiles/base"
//	)
//
//	func init() {
//		base.Image.Containerfile = "images/base.Containerfile"
//		base.Image.Repository = "ghcr.io/example/tool-base"
//	}
//
// Words, settings, JSON and exit codes are those of the program openlock.
package base

import (
	"context"
	"os"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/containerfile"
	"github.com/vessux/openlock/tools/command"
	"github.com/vessux/openlock/tools/github"
)

// Image is the image that the targets are about where neither a flag nor the
// environment names another. What is empty is openlock's own.
var Image struct {
	Containerfile string // path, from the directory that mage runs in
	Repository    string // host[:port]/path
}

// Tag prints the ref of the base image; -short its tag, -full its SHA-256.
func Tag(containerfile, repository *string, short, full, json *bool) error {
	a := app(command.Flags{Containerfile: containerfile, Repository: repository}, json)
	return exit(a.Tag(is(short), is(full)))
}

// Exists prints what the registry has of the base image; -platform is a comma-separated list.
func Exists(ctx context.Context, containerfile, repository, platform *string, json *bool) error {
	a := app(command.Flags{Containerfile: containerfile, Repository: repository}, json)
	var platforms []string
	if platform != nil {
		platforms = strings.Split(*platform, ",")
	}
	return exit(a.Exists(ctx, platforms))
}

// Ensure has the base image here: it uses it, pulls it or builds it, and prints the ref.
func Ensure(ctx context.Context, pull, build, runtime, platform, containerfile, repository, verify *string, json, quiet *bool) error {
	a := app(command.Flags{Containerfile: containerfile, Repository: repository, Runtime: runtime, Platform: platform, Verify: verify}, json)
	a.Quiet = is(quiet)
	return exit(a.Ensure(ctx, command.Policies{Pull: text(pull), Build: text(build)}))
}

// Build builds the base image here, wherever else it is, and prints the ref.
func Build(ctx context.Context, runtime, platform, containerfile, repository *string, nocache, json, quiet *bool) error {
	a := app(command.Flags{Containerfile: containerfile, Repository: repository, Runtime: runtime, Platform: platform}, json)
	a.Quiet = is(quiet)
	return exit(a.Build(ctx, is(nocache)))
}

func app(f command.Flags, json *bool) *command.App {
	return &command.App{Out: os.Stdout, Err: os.Stderr, JSON: is(json), Flags: f, Default: image, GitHub: github.Detect(os.Stderr)}
}

func image() (sandbox.Base, error) {
	b := sandbox.Default()
	if Image.Repository != "" {
		b.Repository, b.Digest = Image.Repository, ""
	}
	if Image.Containerfile == "" {
		return b, nil
	}
	var err error
	b.Digest = ""
	b.Containerfile, err = containerfile.Read(Image.Containerfile)
	return b, err
}

// exit hands an error's exit code to Mage, which prints the words.
func exit(err error) error {
	if err == nil {
		return nil
	}
	return mg.Fatal(command.ExitCode(err), command.Words(err))
}

func is(b *bool) bool { return b != nil && *b }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

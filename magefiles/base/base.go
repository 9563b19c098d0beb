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
//		base.Image.Name = "tool"
//		base.Image.EnvPrefix = "TOOL_" // TOOL_BASE_REPOSITORY, TOOL_RUNTIME, …
//	}
//
// Words, JSON and exit codes are those of the program openlock. Its settings,
// OPENLOCK_… and openlock/config.toml, hold only where Image is empty.
package base

import (
	"context"
	"os"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
)

// Image is the image that the targets are about where no setting names
// another, and what belongs to the project that it is of. An empty
// Containerfile or Repository is openlock's own.
var Image cli.Project

// Tag prints the ref of the base image; -short its tag, -full its SHA-256.
func Tag(containerfile, repository *string, short, full, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository}, json)
	return exit(a.Tag(is(short), is(full)))
}

// Exists prints what the registry has of the base image; -platform is a comma-separated list.
func Exists(ctx context.Context, containerfile, repository, platform *string, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "platforms": platform}, json)
	return exit(a.Exists(ctx))
}

// Ensure has the base image here: it uses it, pulls it or builds it, and prints the ref.
func Ensure(ctx context.Context, pull, build, runtime, platform, containerfile, repository, verify *string, json, quiet *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "platform": platform, "verify": verify, "pull": pull, "build": build}, json)
	a.Quiet = is(quiet)
	return exit(a.Ensure(ctx))
}

// Build builds the base image here, wherever else it is, and prints the ref.
func Build(ctx context.Context, runtime, platform, containerfile, repository *string, nocache, json, quiet *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "platform": platform}, json)
	a.Quiet = is(quiet)
	return exit(a.Build(ctx, is(nocache)))
}

func app(f cli.Flags, json *bool) *cli.App {
	cli.OutlivePipes()
	step, log := github.Detect(os.Stderr)
	return &cli.App{
		Program: Image.Program(), Project: Image, Out: github.Plain(os.Stdout), Err: log, JSON: is(json), Flags: f, GitHub: step,
	}
}

// exit hands an error's exit code to Mage, which prints the words.
func exit(err error) error {
	if err == nil {
		return nil
	}
	return mg.Fatal(cli.ExitCode(err), cli.Words(Image.Program().Name, err))
}

// report makes an error an annotation of the workflow too.
func report(a *cli.App, err error) error {
	a.ReportGitHub(err)
	return exit(err)
}

func is(b *bool) bool { return b != nil && *b }

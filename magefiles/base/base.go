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
	"path/filepath"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/internal/process"
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
	return exit(run(ctx, a.Exists))
}

// Ensure makes sure that the base image exists here: it uses it, pulls it or builds it, and prints the ref.
func Ensure(ctx context.Context, pull, build, runtime, platform, containerfile, repository, verify *string, json, quiet *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "platform": platform, "verify": verify, "pull": pull, "build": build}, json)
	a.Quiet = is(quiet)
	return exit(run(ctx, a.Ensure))
}

// Build builds the base image here, even where it is published, and prints the ref.
func Build(ctx context.Context, runtime, platform, containerfile, repository *string, nocache, json, quiet *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "platform": platform}, json)
	a.Quiet = is(quiet)
	return exit(run(ctx, func(ctx context.Context) error { return a.Build(ctx, is(nocache)) }))
}

func app(f cli.Flags, json *bool) *cli.App {
	cli.OutlivePipes()
	step, log := github.Detect(os.Stderr)
	return &cli.App{
		Program: Image.Program(), Project: Image, Out: github.Plain(os.Stdout), Err: log, JSON: is(json), Flags: f, GitHub: step,
	}
}

// run does the work of a target, which every signal that ends a program
// interrupts: Mage itself hands over SIGINT only. And Mage runs targets in a
// process of its own, which would go on alone where Mage is ended.
func run(ctx context.Context, work func(context.Context) error) error {
	if exe, err := os.Executable(); err == nil && filepath.Dir(exe) == filepath.Clean(mg.CacheDir()) {
		process.EndWithParent()
	}
	ctx, stop := cli.Interruptible(ctx)
	defer stop()
	return work(ctx)
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

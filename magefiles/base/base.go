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
	"cmp"
	"context"
	"os"
	"path"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/sandbox"
	openlock "github.com/vessux/openlock/sandbox/base"
)

// Image is the image that the targets are about where no setting names
// another, and what belongs to the project that it is of. An empty
// Containerfile or Repository is openlock's own.
var Image project

type project struct {
	Containerfile string // path, from the directory that mage runs in
	Repository    string // host[:port]/path
	// Name is the project's in messages; default: the end of Repository.
	Name string
	// EnvPrefix begins the names of the project's environment variables, such
	// as TOOL_ for TOOL_BASE_REPOSITORY and TOOL_RUNTIME; empty: it has none.
	EnvPrefix string
	// ConfigDir is the directory of the project's config.toml, in the user's
	// configuration directory; empty: it has none.
	ConfigDir string
}

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
	return &cli.App{
		Program: program(), Out: os.Stdout, Err: os.Stderr, JSON: is(json), Flags: f,
		Default: image, File: cmp.Or(Image.Containerfile, "sandbox/base/base.Containerfile"), GitHub: github.Detect(os.Stderr),
	}
}

// program is openlock only where the image is openlock's too.
func program() cli.Program {
	if Image == (project{}) {
		return cli.Openlock
	}
	name := cmp.Or(Image.Name, path.Base(cmp.Or(Image.Repository, openlock.Default().Repository)))
	return cli.Program{Name: name, EnvPrefix: Image.EnvPrefix, ConfigDir: Image.ConfigDir}
}

func image() (sandbox.Base, error) {
	b := openlock.Default()
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
	return mg.Fatal(cli.ExitCode(err), cli.Words(program().Name, err))
}

// report makes an error an annotation of the workflow too.
func report(a *cli.App, err error) error {
	a.ReportGitHub(err)
	return exit(err)
}

func is(b *bool) bool { return b != nil && *b }

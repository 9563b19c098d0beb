package base

import (
	"context"
	"io"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/registry"
)

// Release holds the targets of a release.
type Release mg.Namespace

// Push publishes the base image for every platform, where it is not published, and prints its ref.
func Push(ctx context.Context, builder, runtime, containerfile, repository, force *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Repository: repository, Runtime: runtime}, json)
	return publish(ctx, a, is(forceunsound), cli.PublishFlags{Builder: builder, Force: force, NoCache: is(nocache)})
}

// Base publishes the base image as push does; from legs that were built apart, -legs=platform=digest,…, it builds nothing.
func (Release) Base(ctx context.Context, legs, builder, runtime, containerfile, repository, force *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Repository: repository, Runtime: runtime}, json)
	return publish(ctx, a, is(forceunsound), cli.PublishFlags{Legs: legs, Builder: builder, Force: force, NoCache: is(nocache)})
}

// Leg builds the base image for one platform, pushes it without a tag, and prints its digest.
func (Release) Leg(ctx context.Context, platform string, builder, runtime, containerfile, repository *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Repository: repository, Runtime: runtime}, json)
	p := cli.PublishFlags{Builder: builder, NoCache: is(nocache), Check: soundOrForced(a, is(forceunsound))}
	err := a.Leg(ctx, platform, p, findBuilder)
	a.ReportGitHub(err)
	return exit(err)
}

// Sign has cosign sign what is published, by its digest, where -sign or its variable says by what: keyless, or a key's name; -verify tells what has to come of it.
func (Release) Sign(ctx context.Context, sign, digest, verify, containerfile, repository *string, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Repository: repository, Verify: verify}, json)
	err := a.Sign(ctx, cli.SignFlags{By: sign, Digest: digest})
	a.ReportGitHub(err)
	return exit(err)
}

// Gate fails unless everybody can pull the base image for every platform.
func (Release) Gate(ctx context.Context, containerfile, repository *string, json *bool) error {
	a := app(cli.Flags{Containerfile: containerfile, Repository: repository}, json)
	err := a.Gate(ctx)
	a.ReportGitHub(err)
	return exit(err)
}

func publish(ctx context.Context, a *cli.App, forceUnsound bool, p cli.PublishFlags) error {
	p.Check = soundOrForced(a, forceUnsound)
	err := a.Publish(ctx, p, findBuilder)
	a.ReportGitHub(err)
	return exit(err)
}

func findBuilder(ctx context.Context, runtime, name string, o registry.Options, out io.Writer) (sandbox.Builder, error) {
	return builder.Find(ctx, builder.Options{Runtime: runtime, Name: name, Registry: o, Output: out})
}

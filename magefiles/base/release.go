package base

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/vessux/openlock/internal/ci"
	"github.com/vessux/openlock/internal/cli"
)

// Release holds the targets of a release.
type Release mg.Namespace

// Lint holds the checks of what images are made from.
type Lint mg.Namespace

// Containerfile fails unless the Containerfile alone decides the image.
func (Lint) Containerfile(containerfile *string, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile}, json)
	return report(a, ci.Lint(a))
}

// Push publishes the base image for every platform, where it is not published, and prints its ref.
func Push(ctx context.Context, builder, runtime, containerfile, repository, force *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "builder": builder, "force": force}, json)
	return report(a, run(ctx, func(ctx context.Context) error {
		return ci.Publish(ctx, a, ci.PublishFlags{NoCache: is(nocache), ForceUnsound: is(forceunsound)})
	}))
}

// Base publishes the base image as push does; from legs that were built apart, -legs=platform=digest,…, it builds nothing.
func (Release) Base(ctx context.Context, legs, builder, runtime, containerfile, repository, force *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "legs": legs, "builder": builder, "force": force}, json)
	return report(a, run(ctx, func(ctx context.Context) error {
		return ci.Publish(ctx, a, ci.PublishFlags{NoCache: is(nocache), ForceUnsound: is(forceunsound)})
	}))
}

// Leg builds the base image for one platform, pushes it without a tag, and prints its digest.
func (Release) Leg(ctx context.Context, platform string, builder, runtime, containerfile, repository *string, forceunsound, nocache, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "runtime": runtime, "builder": builder}, json)
	return report(a, run(ctx, func(ctx context.Context) error {
		return ci.Leg(ctx, a, platform, ci.PublishFlags{NoCache: is(nocache), ForceUnsound: is(forceunsound)})
	}))
}

// Sign has cosign sign what is published, by its digest, where -sign or its variable says by what: keyless, or a key's name; -verify tells what has to come of it.
func (Release) Sign(ctx context.Context, sign, digest, verify, containerfile, repository *string, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository, "verify": verify, "sign": sign, "digest": digest}, json)
	return report(a, run(ctx, func(ctx context.Context) error { return ci.Sign(ctx, a) }))
}

// Public fails unless anonymous clients can pull the base image for every platform.
func (Release) Public(ctx context.Context, containerfile, repository *string, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "repository": repository}, json)
	return report(a, run(ctx, func(ctx context.Context) error { return ci.Public(ctx, a) }))
}

// Reproduce builds the base image twice without cache for every platform, and fails where the two differ, naming layers and files; -platform is a comma-separated list.
func (Release) Reproduce(ctx context.Context, platform, builder, runtime, containerfile *string, json *bool) error {
	a := app(cli.Flags{"containerfile": containerfile, "runtime": runtime, "platforms": platform, "builder": builder}, json)
	return report(a, run(ctx, func(ctx context.Context) error { return ci.Reproduce(ctx, a) }))
}

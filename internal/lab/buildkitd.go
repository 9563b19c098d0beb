package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Builder is a builder of buildx with buildkitds of its own, each on a socket
// of its own.
type Builder struct {
	Env   []string // NAME=value, for whatever runs docker buildx: DOCKER_CONFIG, BUILDX_BUILDER, DOCKER_HOST
	dir   string
	nodes []*daemon
}

// builderName is what buildx calls the builder.
const builderName = "lab"

// StartBuildkitd starts a buildkitd for every platform that the machine can
// build for, with all that it has under dir. The hosts are registries that
// speak plain HTTP.
func StartBuildkitd(ctx context.Context, dir string, insecure ...string) (*Builder, error) {
	return startBuilder(ctx, dir, []string{""}, insecure)
}

// StartNodes is [StartBuildkitd] with a node, a buildkitd of its own, for each
// of the platforms.
func StartNodes(ctx context.Context, dir string, platforms []string, insecure ...string) (*Builder, error) {
	return startBuilder(ctx, dir, platforms, insecure)
}

// startBuilder starts a node for each of the platforms; "" is all of them.
func startBuilder(ctx context.Context, dir string, platforms, insecure []string) (*Builder, error) {
	client := filepath.Join(dir, "client")
	if err := os.MkdirAll(client, 0o700); err != nil {
		return nil, err
	}
	if err := linkBuildx(client); err != nil {
		return nil, err
	}
	// Podman reads docker's logins too, and wants the file to be there.
	if err := os.WriteFile(filepath.Join(client, "config.json"), []byte("{}"), 0o600); err != nil {
		return nil, err
	}
	b := &Builder{dir: dir}
	// Without any docker daemon, so that nothing is built by a way around.
	b.Env = []string{"DOCKER_CONFIG=" + client, "BUILDX_BUILDER=" + builderName, "DOCKER_HOST=unix://" + filepath.Join(dir, "no-docker.sock"), "DOCKER_CONTEXT="}
	for _, platform := range platforms {
		if err := b.addNode(ctx, platform, insecure); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

// addNode starts a buildkitd and tells buildx of it.
func (b *Builder) addNode(ctx context.Context, platform string, insecure []string) error {
	program, err := Buildkitd.Find()
	if err != nil {
		return err
	}
	// A socket's path may not be longer than about 100 bytes.
	run, err := os.MkdirTemp("", "olb")
	if err != nil {
		return err
	}
	var toml strings.Builder
	for _, h := range insecure {
		fmt.Fprintf(&toml, "[registry.%q]\n  http = true\n", h)
	}
	config := filepath.Join(run, "buildkitd.toml")
	if err := os.WriteFile(config, []byte(toml.String()), 0o600); err != nil {
		return err
	}
	socket := filepath.Join(run, "buildkitd.sock")
	root := filepath.Join(b.dir, fmt.Sprintf("root%d", len(b.nodes)))
	node, err := startDaemon(ctx, run, socket, nil, program,
		"--addr", "unix://"+socket, "--root", root, "--config", config,
		"--oci-worker-binary", "runc", "--oci-worker-net", "host")
	if err != nil {
		return errors.Join(err, os.RemoveAll(run))
	}
	args := []string{"buildx", "create", "--name", builderName, "--driver", "remote"}
	if len(b.nodes) > 0 {
		args = append(args, "--append")
	}
	if platform != "" {
		args = append(args, "--platform", platform)
	}
	b.nodes = append(b.nodes, node)
	_, err = b.Run(ctx, append(args, "unix://"+socket)...)
	return err
}

// Run runs the docker program with this builder and returns what it printed.
func (b *Builder) Run(ctx context.Context, args ...string) (string, error) {
	return runWith(ctx, b.Env, "docker", args...)
}

// Close ends the daemons and removes all that they had.
func (b *Builder) Close() error {
	var errs []error
	for _, n := range b.nodes {
		errs = append(errs, n.stop(), unmountUnder(n.run), os.RemoveAll(n.run))
	}
	return errors.Join(append(errs, unmountUnder(b.dir), os.RemoveAll(b.dir))...)
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Builder is a buildkitd of its own, on a socket of its own.
type Builder struct {
	Addr string   // unix://SOCKET, for `docker buildx create --driver remote`
	Env  []string // NAME=value, for whatever runs docker buildx: DOCKER_CONFIG, BUILDX_BUILDER, DOCKER_HOST
	dir  string
	*daemon
}

// builderName is what buildx calls the builder.
const builderName = "lab"

// StartBuildkitd starts buildkitd with all that it has under dir. The hosts
// are registries that speak plain HTTP.
func StartBuildkitd(ctx context.Context, dir string, insecure ...string) (*Builder, error) {
	program, err := Buildkitd.Find()
	if err != nil {
		return nil, err
	}
	run, err := os.MkdirTemp("", "olb")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var toml strings.Builder
	for _, h := range insecure {
		fmt.Fprintf(&toml, "[registry.%q]\n  http = true\n", h)
	}
	config := filepath.Join(dir, "buildkitd.toml")
	if err := os.WriteFile(config, []byte(toml.String()), 0o600); err != nil {
		return nil, err
	}
	socket := filepath.Join(run, "buildkitd.sock")
	client := filepath.Join(dir, "client")
	if err := os.Mkdir(client, 0o700); err != nil {
		return nil, err
	}
	if err := linkBuildx(client); err != nil {
		return nil, err
	}
	// Podman reads docker's logins too, and wants the file to be there.
	if err := os.WriteFile(filepath.Join(client, "config.json"), []byte("{}"), 0o600); err != nil {
		return nil, err
	}
	b := &Builder{Addr: "unix://" + socket, dir: dir}
	// Without any docker daemon, so that nothing is built by a way around.
	b.Env = []string{"DOCKER_CONFIG=" + client, "BUILDX_BUILDER=" + builderName, "DOCKER_HOST=unix://" + filepath.Join(run, "no-docker.sock"), "DOCKER_CONTEXT="}
	b.daemon, err = startDaemon(ctx, run, socket, program,
		"--addr", b.Addr, "--root", filepath.Join(dir, "root"), "--config", config,
		"--oci-worker-binary", "runc", "--oci-worker-net", "host")
	if err != nil {
		os.RemoveAll(run)
		return nil, err
	}
	if _, err := b.Run(ctx, "buildx", "create", "--name", builderName, "--driver", "remote", b.Addr); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Run runs the docker program with this builder and returns what it printed.
func (b *Builder) Run(ctx context.Context, args ...string) (string, error) {
	return runWith(ctx, b.Env, "docker", args...)
}

// Close ends the daemon and removes all that it had.
func (b *Builder) Close() error {
	err := errors.Join(b.stop(), unmountUnder(b.dir, b.run), os.RemoveAll(b.run))
	return errors.Join(err, os.RemoveAll(b.dir))
}

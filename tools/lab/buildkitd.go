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
	Addr string // unix://SOCKET, for `docker buildx create --driver remote`
	dir  string
	*daemon
}

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
	b := &Builder{Addr: "unix://" + socket, dir: dir}
	b.daemon, err = startDaemon(ctx, run, socket, program,
		"--addr", b.Addr, "--root", filepath.Join(dir, "root"), "--config", config,
		"--oci-worker-binary", "runc", "--oci-worker-net", "host")
	if err != nil {
		os.RemoveAll(run)
		return nil, err
	}
	return b, nil
}

// Close ends the daemon and removes all that it had.
func (b *Builder) Close() error {
	err := errors.Join(b.stop(), unmountUnder(b.dir, b.run), os.RemoveAll(b.run))
	return errors.Join(err, os.RemoveAll(b.dir))
}

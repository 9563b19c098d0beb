package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// daemonStart is what a daemon has to begin to answer, and to end.
const daemonStart = 30 * time.Second

// DockerDaemon is a dockerd of its own, on a socket of its own.
type DockerDaemon struct {
	Host string   // DOCKER_HOST
	Env  []string // NAME=value, for whatever runs docker: DOCKER_HOST, DOCKER_CONFIG
	dir  string
	*bridge
	*daemon
}

// StartDocker starts dockerd with all that it has under dir. It takes plain
// HTTP from registries on loopback without being told.
func StartDocker(ctx context.Context, dir string) (*DockerDaemon, error) {
	return StartDockerWith(ctx, dir, DockerWith{})
}

// DockerWith is what a daemon is started with.
type DockerWith struct {
	Env  []string // NAME=value, more of them
	Args []string // further ones
	Bind Bind     // in place of a directory that the daemon reads
}

// StartDockerWith is [StartDocker] with settings.
func StartDockerWith(ctx context.Context, dir string, with DockerWith) (*DockerDaemon, error) {
	dockerd, err := Dockerd.Find()
	if err != nil {
		return nil, err
	}
	run, err := os.MkdirTemp("", "old")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "client")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return nil, err
	}
	socket := filepath.Join(run, "docker.sock")
	d := &DockerDaemon{Host: "unix://" + socket, dir: dir}
	d.Env = []string{"DOCKER_HOST=" + d.Host, "DOCKER_CONFIG=" + config, "DOCKER_CONTEXT="}
	if err := linkBuildx(config); err != nil {
		return nil, err
	}
	if d.bridge, err = newBridge(ctx); err != nil {
		return nil, err
	}
	// Without a firewall of its own, which several daemons would fight over,
	// containers reach no host; those that need a network use the host's.
	d.daemon, err = startDaemon(ctx, run, socket, with.Env, with.Bind.Command(dockerd, append(with.Args,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(run, "exec"),
		"--pidfile", filepath.Join(run, "docker.pid"), "--host", d.Host, "--group", fmt.Sprint(os.Getgid()),
		"--bridge", d.bridge.name, "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")...)...)
	if err != nil {
		return nil, errors.Join(err, d.bridge.remove(), os.RemoveAll(run))
	}
	return d, nil
}

// linkBuildx makes buildx a plugin of the docker program, where we have it.
func linkBuildx(config string) error {
	buildx, err := Buildx.Find()
	if err != nil {
		return nil // docker builds without it, where it is old enough
	}
	plugins := filepath.Join(config, "cli-plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return err
	}
	return os.Symlink(buildx, filepath.Join(plugins, "docker-buildx"))
}

// Run runs the docker program on this daemon and returns what it printed.
func (d *DockerDaemon) Run(ctx context.Context, args ...string) (string, error) {
	return runWith(ctx, d.Env, "docker", args...)
}

// Empty removes every image.
func (d *DockerDaemon) Empty(ctx context.Context) error {
	ids, err := d.Run(ctx, "images", "--all", "--quiet", "--no-trunc")
	if err != nil || strings.TrimSpace(ids) == "" {
		return err
	}
	_, err = d.Run(ctx, append([]string{"rmi", "--force"}, strings.Fields(ids)...)...)
	return err
}

// Close ends the daemon and removes all that it had.
func (d *DockerDaemon) Close() error {
	err := errors.Join(d.stop(), d.bridge.remove(), unmountUnder(d.dir, d.run), os.RemoveAll(d.run))
	return errors.Join(err, os.RemoveAll(d.dir))
}

// waitForSocket returns when something answers on a Unix socket.
func waitForSocket(ctx context.Context, socket string, ended <-chan struct{}, said io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, daemonStart)
	defer cancel()
	for {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return nil
		}
		select {
		case <-ended:
			b, _ := io.ReadAll(said)
			return fmt.Errorf("it ended at once: %s", lastLines(string(b), 5))
		case <-ctx.Done():
			b, _ := io.ReadAll(said)
			return fmt.Errorf("no answer within %s: %s", daemonStart, lastLines(string(b), 5))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

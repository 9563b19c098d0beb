//go:build linux

package engine_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// described asks the engine where it is, and wants this machine's architecture.
func described(t *testing.T, name string, elsewhere bool) {
	t.Helper()
	platform, far, err := find(t, name, nil).(engine.Describer).Describe(labtest.Context(t, time.Minute))
	if err != nil || platform != "linux/"+runtime.GOARCH || far != elsewhere {
		t.Errorf("%s: %q, elsewhere %t, %v; want elsewhere %t", name, platform, far, err, elsewhere)
	}
}

// TestDescribeDocker: a real daemon says its platform over TCP, over TLS and
// over SSH, which the docker program reaches.
func TestDescribeDocker(t *testing.T) {
	daemon := labtest.Docker(t)
	setenv(t, daemon.Env)
	described(t, "docker", false)

	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pass(t, plain, daemon)
	t.Setenv("DOCKER_HOST", "tcp://"+plain.Addr().String())
	described(t, "docker", true)

	dir := t.TempDir()
	program(t, filepath.Join(dir, "ssh"), "exec docker --host "+daemon.Host+" system dial-stdio")
	pathWith(t, dir)
	t.Setenv("DOCKER_HOST", "ssh://lab")
	described(t, "docker", true)

	address, ca := overTLS(t, daemon)
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CERT_PATH", "")
	store(t, ca, dir, "ca.pem")
	setenv(t, []string{"DOCKER_HOST=tcp://" + address, "DOCKER_TLS_VERIFY=1"})
	described(t, "docker", true)
}

// TestDescribePodman: a real podman says the platform of its service.
func TestDescribePodman(t *testing.T) {
	podman := labtest.Podman(t)
	setenv(t, podman.Env)
	described(t, "podman", false)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := "tcp://" + l.Addr().String()
	l.Close()
	service := exec.Command("podman", "system", "service", "--time", "0", host)
	var said strings.Builder
	service.Stderr = &said
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	eventually(t, "the service", func() bool {
		c, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	t.Setenv("CONTAINER_HOST", host)
	described(t, "podman", true)
	if t.Failed() {
		t.Log(said.String())
	}
}

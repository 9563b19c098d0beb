// Package labtest gives tests the real parts of package lab. Everything it
// starts ends with the test, and what a test prints of a part goes to its log.
package labtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox/tag"
)

// Need ends the test where a part is missing: on a laptop it is skipped, and
// the runner says so; with CI=true it fails, because there a test that did not
// run proves nothing. With go test's flag -short it is skipped wherever it is.
func Need(t testing.TB, parts ...lab.Part) {
	t.Helper()
	var missing []error
	if testing.Short() {
		var names []string
		for _, p := range parts {
			names = append(names, p.Name)
		}
		skip(t, "left out by -short: needs "+strings.Join(names, ", "))
	}
	for _, p := range parts {
		if _, err := p.Find(); err != nil {
			missing = append(missing, err)
		}
	}
	lacking(t, errors.Join(missing...))
}

// NeedProgram ends the test as [Need] does where a program that is no part of
// the lab is missing.
func NeedProgram(t testing.TB, names ...string) {
	t.Helper()
	var missing []error
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			missing = append(missing, err)
		}
	}
	lacking(t, errors.Join(missing...))
}

// NeedRoot ends the test as [Need] does where it does not run as root.
func NeedRoot(t testing.TB, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		lacking(t, errors.New(what+" needs root"))
	}
}

// lacking ends the test as [Need] does; nil: it goes on.
func lacking(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		skip(t, err.Error())
	}
}

// Registry starts an empty registry.
func Registry(t testing.TB) *lab.Registry {
	t.Helper()
	r := lab.StartRegistry()
	t.Cleanup(r.Close)
	return r
}

// Seed puts the seed image into a registry and returns it for a FROM line.
func Seed(t testing.TB, r *lab.Registry) string {
	t.Helper()
	from, err := lab.Seed(t.Context(), r.Host())
	if err != nil {
		t.Fatal(err)
	}
	return from
}

// Debian puts a minimal Debian for the architectures into a registry and
// returns it for a FROM line. What is not yet in the lab's cache takes minutes
// to make.
func Debian(ctx context.Context, t testing.TB, r *lab.Registry, archs ...string) string {
	t.Helper()
	Need(t, lab.Debootstrap)
	NeedRoot(t, "debootstrap")
	from, err := lab.Debian(ctx, r.Host(), archs...)
	if err != nil {
		t.Fatal(err)
	}
	return from
}

// Publish puts a base image under ref, labelled as it has to be, for both
// platforms.
func Publish(t testing.TB, ref tag.Ref, identity string) *lab.Published {
	t.Helper()
	p, err := lab.Publish(t.Context(), ref, identity, "linux/amd64", "linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Podman makes an empty podman store that takes plain HTTP from the hosts.
func Podman(t testing.TB, insecure ...string) *lab.PodmanStore {
	t.Helper()
	Need(t, lab.Podman)
	dir := tempDir(t)
	p, err := lab.NewPodman(dir, insecure...)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, p.Close)
	return p
}

// Docker starts a docker daemon with an empty store.
func Docker(t testing.TB) *lab.DockerDaemon {
	t.Helper()
	Need(t, lab.Docker, lab.Dockerd)
	NeedRoot(t, "dockerd")
	d, err := lab.StartDocker(t.Context(), tempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, d.Close)
	return d
}

// Builder starts a buildkitd that takes plain HTTP from the hosts.
func Builder(t testing.TB, insecure ...string) *lab.Builder {
	t.Helper()
	return builder(t, func(dir string) (*lab.Builder, error) { return lab.StartBuildkitd(t.Context(), dir, insecure...) })
}

// Nodes is [Builder] with a buildkitd of its own for each of the platforms.
func Nodes(t testing.TB, platforms []string, insecure ...string) *lab.Builder {
	t.Helper()
	return builder(t, func(dir string) (*lab.Builder, error) {
		return lab.StartNodes(t.Context(), dir, platforms, insecure...)
	})
}

func builder(t testing.TB, start func(dir string) (*lab.Builder, error)) *lab.Builder {
	t.Helper()
	Need(t, lab.Buildkitd, lab.Buildx, lab.QEMU)
	NeedRoot(t, "buildkitd")
	b, err := start(tempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, b.Close)
	return b
}

// Context ends after a time that no healthy part needs, so that a hanging one
// fails its own test.
func Context(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// tempDir is not t.TempDir: engines leave mounts in it, which have to go
// before it can be removed.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "openlock-lab-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func closeAtEnd(t testing.TB, end func() error) {
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestPullKilledMidway: it is pulled once more.
func TestPullKilledMidway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := phases[1]
	file, whole := r.fileFor(t, p)
	e, engine := r.begin(t, p, file)
	if err := syscall.Kill(engine, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := e.finish(t); code != 0 || !strings.Contains(e.said.String(), "podman pull: signal: killed; trying once more") {
		t.Errorf("ends with %d: %s", code, e.said)
	}
	whole()
}

// TestBrokenPodman: a podman that cannot read its storage.conf is no podman
// without the image. It is named, and with auto docker is used.
func TestBrokenPodman(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	store := fakeengine.Store(t.TempDir())
	host, stop, err := fakeengine.Serve(store, "unix", filepath.Join(r.dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	docker, err := exec.LookPath("fakedocker")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "docker"), []byte("#!/bin/sh\nexec "+docker+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	syntax := filepath.Join(r.dir, "syntax.conf")
	if err := os.WriteFile(syntax, []byte("storage ]]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.env = append(r.env, "DOCKER_HOST="+host, fakeengine.DirVariable+"="+string(store))
	env := r.env
	for conf, words := range map[string]string{
		filepath.Join(r.dir, "none.conf"): "none.conf: no such file or directory", syntax: "toml: line 1", r.dir: "is a directory",
	} {
		r.env = append(env[:len(env):len(env)], "CONTAINERS_STORAGE_CONF="+conf)
		file, ref := r.file(t, false)
		e := r.start(t, file, "--build", "never")
		if code := e.finish(t); code != 2 || !strings.Contains(e.said.String(), words) || !strings.Contains(e.said.String(), "\nhint: run `podman info`") {
			t.Errorf("%s: ends with %d: %s", conf, code, e.said)
		}
		e = r.start(t, file, "--runtime", "auto")
		if code := e.finish(t); code != 0 || !strings.Contains(e.said.String(), "; using docker\n") || e.out.String() != ref.String()+"\n" {
			t.Errorf("%s: auto ends with %d: %s", conf, code, e.said)
		}
	}
}

// asRoot ends a test that needs root: in CI, as a failure.
func asRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("this test needs root")
	default:
		t.Skip("this test needs root")
	}
}

// TestDiskFull: on a full disk neither a pull nor a build leaves anything
// under the ref, and with room again the next run succeeds.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	asRoot(t)
	for name, args := range map[string][]string{"pull": {"--build", "never"}, "build": {"--pull", "never"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			disk := r.smallStore(t)
			file, ref := r.file(t, false, `RUN ["/bin/seed", "fill", "/etc/large", "33554432"]`)
			publishLarge(t, ref, file)
			full := r.start(t, file, args...)
			if code := full.finish(t); code != 1 || !strings.Contains(full.said.String(), "no space left on device") || !strings.Contains(full.said.String(), "\nhint: free some disk space") {
				t.Errorf("ends with %d: %s", code, full.said)
			}
			if _, err := r.podman.Run(t.Context(), "image", "exists", ref.String()); err == nil {
				t.Error("the ref names something")
			}
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=400m"); err != nil {
				t.Fatal(err)
			}
			if again := r.start(t, file, args...); again.finish(t) != 0 {
				t.Errorf("with room: %s", again.said)
			}
			r.whole(t, ref, file)
		})
	}
}

// smallStore gives podman an empty store on a disk of 24 MiB.
func (r *rig) smallStore(t *testing.T) (disk string) {
	t.Helper()
	disk = t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatal(err)
	}
	store, err := lab.NewPodman(filepath.Join(disk, "store"), r.registry.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	r.podman = store
	r.env = append(r.env, store.Env...)
	return disk
}

// publishLarge publishes the image of a file with a layer of 32 MB.
func publishLarge(t *testing.T, ref tag.Ref, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	image, err := lab.Image(sandbox.HostPlatform(), tag.Identity(text))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := random.Layer(32<<20, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	if err != nil {
		t.Fatal(err)
	}
	large, err := mutate.AppendLayers(image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Push(ref, large); err != nil {
		t.Fatal(err)
	}
}

// TestNobodysFiles: what belongs to somebody else is named, and left alone.
func TestNobodysFiles(t *testing.T) {
	t.Parallel()
	asRoot(t)
	r := newRig(t)
	file, _ := r.file(t, false)
	// A directory that others may enter, with what nobody may write to in it.
	dir, err := os.MkdirTemp("/tmp", "openlock-others-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile(r.openlock)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"openlock": program, "Containerfile": text, "podman": []byte("#!/bin/sh\necho Error: image not known >&2; exit 125\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, d := range []string{dir, filepath.Join(dir, "docker.sock")} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("podman", filepath.Join(dir, "docker")); err != nil {
		t.Fatal(err)
	}
	r.openlock, r.dir = filepath.Join(dir, "openlock"), dir
	r.env = []string{"PATH=" + dir, "HOME=" + dir, "DOCKER_HOST=unix://" + filepath.Join(dir, "docker.sock"), "OPENLOCK_BASE_REPOSITORY=" + r.registry.Host() + "/x/y"}
	for runtime, want := range map[string]string{
		"podman": "/.cache/openlock/locks/",
		"docker": "docker does not answer: no permission to use unix://",
	} {
		e := r.startAs(t, &syscall.Credential{Uid: 65534, Gid: 65534}, filepath.Join(dir, "Containerfile"), "--runtime", runtime)
		if code := e.finish(t); code != 2 || !strings.Contains(e.said.String(), want) || !strings.Contains(e.said.String(), "\nhint: ") {
			t.Errorf("%s: ends with %d: %s", runtime, code, e.said)
		}
	}
}

package base_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/tools/lab"
	"github.com/vessux/openlock/tools/lab/labtest"
)

// TestBuild builds base.Containerfile with what a machine without the internet
// has in place of what it pins: a Debian for Ubuntu's image, its archive
// without snapshot, and tarballs of small programs on loopback for Node.js and
// uv. Every instruction of the file runs; only sources and checksums differ.
func TestBuild(t *testing.T) {
	labtest.Need(t, lab.Podman, lab.Debootstrap)
	if os.Geteuid() != 0 {
		t.Skip("debootstrap needs root")
	}
	ctx := labtest.Context(t, 8*time.Minute)
	debian, err := lab.Debian(ctx)
	if err != nil {
		t.Fatal(err)
	}
	store := labtest.Podman(t)
	const from = "localhost/stand-in:latest"
	if _, err := store.Run(ctx, "import", "--change", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", debian, from); err != nil {
		t.Fatal(err)
	}
	for _, e := range store.Env {
		name, v, _ := strings.Cut(e, "=")
		t.Setenv(name, v)
	}
	s := newStandIn(t, from)

	t.Run("whole", func(t *testing.T) {
		out, err := s.build(ctx, t, s.containerfile)
		if err != nil {
			t.Fatal(err)
		}
		s.inspect(ctx, t, store, out.Ref.String())
	})
	t.Run("tampered download", func(t *testing.T) {
		if _, err := s.build(ctx, t, strings.ReplaceAll(s.containerfile, s.nodeSum, strings.Repeat("0", 64))); err == nil {
			t.Error("a Node.js that is not the pinned one is taken")
		}
	})
}

// standIn is base.Containerfile with its sources exchanged.
type standIn struct{ containerfile, nodeSum string }

func newStandIn(t *testing.T, from string) *standIn {
	t.Helper()
	nodeDir, uvDir := "node-v22.12.0-linux-x64", "uv-x86_64-unknown-linux-gnu"
	if runtime.GOARCH == "arm64" {
		nodeDir, uvDir = "node-v22.12.0-linux-arm64", "uv-aarch64-unknown-linux-gnu"
	}
	node := compressed(t, "xz", archive(t, nodeDir, map[string]string{
		"bin/node":     "#!/bin/sh\necho v22.12.0\n",
		"bin/corepack": "#!/bin/sh\n[ \"$1\" = enable ] && ln -s corepack /usr/local/bin/yarn\n",
		"README.md":    "no part of the image\n",
	}))
	uv := compressed(t, "gzip", archive(t, uvDir, map[string]string{"uv": "#!/bin/sh\necho uv\n", "uvx": "#!/bin/sh\n"}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/node-v"):
			w.Write(node)
		case strings.Contains(r.URL.Path, "/uv-"):
			w.Write(uv)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)

	text := string(base.Containerfile())
	exchange := func(pattern, with string, times int) {
		t.Helper()
		re := regexp.MustCompile(`(?m)` + pattern)
		if n := len(re.FindAllString(text, -1)); n != times {
			t.Fatalf("base.Containerfile has %q %d times, want %d", pattern, n, times)
		}
		text = re.ReplaceAllString(text, "${1}"+with)
	}
	exchange(`(^FROM .*?)ubuntu:24\.04@sha256:[0-9a-f]{64}`, from, 2)
	exchange(`(^ARG APT_SNAPSHOT=).*`, "", 2)
	exchange(`(^ARG NODE_URL=).*`, server.URL, 1)
	exchange(`(^ARG UV_URL=).*`, server.URL, 1)
	exchange(`(^ARG NODE_SHA256_[A-Z0-9]+=).*`, sum(node), 2)
	exchange(`(^ARG UV_SHA256_[A-Z0-9]+=).*`, sum(uv), 2)
	return &standIn{containerfile: text, nodeSum: sum(node)}
}

func (s *standIn) build(ctx context.Context, t *testing.T, text string) (*sandbox.Outcome, error) {
	t.Helper()
	var said bytes.Buffer
	found, err := engine.Find(engine.PodmanName, &said)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sandbox.Ensure(ctx, sandbox.Base{Containerfile: []byte(text), Repository: base.Repository},
		sandbox.Options{Engines: found, Pull: sandbox.Never, LockDir: t.TempDir()})
	t.Logf("%s", said.Bytes())
	return out, err
}

// inspect looks at the image from inside, as a sandbox does.
func (s *standIn) inspect(ctx context.Context, t *testing.T, store *lab.PodmanStore, ref string) {
	for _, c := range []struct{ script, want string }{
		{"id", "uid=60000(sandbox) gid=60000(sandbox) groups=60000(sandbox)"},
		{"pwd; echo $HOME", "/sandbox\n/sandbox"},
		{"getent passwd sandbox | cut -d: -f6-7; getent passwd supervisor | cut -d: -f7", "/sandbox:/bin/bash\n/usr/sbin/nologin"},
		{"git config user.name; git config user.email", "Sandbox\nsandbox@openlock.local"},
		{"stat -c %U:%G /sandbox /sandbox/repo /sandbox/.gitconfig", "sandbox:sandbox\nsandbox:sandbox\nsandbox:sandbox"},
		{"touch /sandbox/repo/x && echo writable", "writable"},
		{"stat -c %U:%G:%a /usr/local/bin/node /usr/local/bin/uvx", "root:root:755\nroot:root:755"},
		{"node --version; uv; readlink /usr/local/bin/yarn", "v22.12.0\nuv\ncorepack"},
		{"for p in curl git ssh ip nft python3 xz; do PATH=$PATH:/usr/sbin command -v $p > /dev/null || echo no $p; done", ""},
		{"ls /var/lib/apt/lists /var/cache/apt /var/log/apt /usr/local/README.md /download /out 2> /dev/null; ls /etc/apt/apt.conf.d | grep ^50", "/var/cache/apt:\narchives\n\n/var/lib/apt/lists:"},
	} {
		got, err := store.Run(ctx, "run", "--rm", "--network", "host", ref, "bash", "-c", c.script)
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s\nsays %q (%v), want %q", c.script, got, err, c.want)
		}
	}
}

// archive is a tarball of programs, in the directory that releases have them in.
func archive(t *testing.T, dir string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: dir + "/" + name, Mode: 0o755, Size: int64(len(text)), Uid: 1000, Gid: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compressed is what a program makes of b.
func compressed(t *testing.T, program string, b []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "--stdout")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

package base_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/engine/engines"
)

// TestBuild builds the stand-in as a host does, and looks at it from inside.
func TestBuild(t *testing.T) {
	ctx := labtest.Context(t, 8*time.Minute)
	upstream := labtest.Registry(t)
	store := labtest.Podman(t, upstream.Host())
	setenv(t, store.Env)
	s := newStandIn(t, labtest.Debian(ctx, t, upstream, runtime.GOARCH))

	t.Run("whole", func(t *testing.T) {
		out, err := s.build(ctx, t, s.containerfile)
		if err != nil {
			t.Fatal(err)
		}
		s.inspect(ctx, t, store, out.Ref.String())
	})
	t.Run("tampered download", func(t *testing.T) {
		if _, err := s.build(ctx, t, strings.ReplaceAll(s.containerfile, s.nodeSums[runtime.GOARCH], strings.Repeat("0", 64))); err == nil {
			t.Error("a Node.js that is not the pinned one is taken")
		}
	})
}

func (s *standIn) build(ctx context.Context, t *testing.T, text string) (*sandbox.EnsureResult, error) {
	t.Helper()
	var said bytes.Buffer
	found, err := engines.Find("podman", &said)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sandbox.Ensure(ctx, sandbox.Base{Containerfile: []byte(text), Repository: base.Repository},
		sandbox.Options{Engines: found, Pull: sandbox.PolicyNever, LockDir: t.TempDir(), RecordDir: t.TempDir()})
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

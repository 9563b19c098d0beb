//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/tag"
)

// rig runs the host binary on a real podman, which stands behind a script that
// tells when the engine is at a verb, and can hold it there.
type rig struct {
	openlock string
	podman   *lab.PodmanStore
	registry *lab.Registry
	seed     string
	dir      string // of the script, its state, and files
	env      []string
}

// held is the script in front of podman. It notes the process that works on a
// verb, which podman then becomes.
const held = `#!/bin/sh
if [ -e "$RIG/at-$1" ]; then
	# Looked at first: once it is known that it is reached, nobody is held any more.
	if [ -e "$RIG/hold" ]; then hold=yes; fi
	echo $$ > "$RIG/new" && mv "$RIG/new" "$RIG/reached"
	if [ "$hold" = yes ]; then exec sleep 600; fi
fi
exec %s "$@"
`

func newRig(t *testing.T) *rig {
	t.Helper()
	labtest.Need(t, lab.Podman)
	path, err := exec.LookPath("podman")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{registry: labtest.Registry(t), dir: t.TempDir()}
	r.podman = labtest.Podman(t, r.registry.Host())
	r.seed = labtest.Seed(t, r.registry)
	if r.openlock, err = lab.BuildOpenlock(t.Context(), r.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "podman"), fmt.Appendf(nil, held, path), 0o700); err != nil {
		t.Fatal(err)
	}
	r.env = append([]string{
		"PATH=" + r.dir + string(os.PathListSeparator) + os.Getenv("PATH"), "RIG=" + r.dir, "TMPDIR=" + r.dir,
		"HOME=" + r.dir, "OPENLOCK_RUNTIME=podman", "OPENLOCK_BASE_REPOSITORY=" + r.registry.Host() + "/vessux/openlock-base",
	}, r.podman.Env...)
	return r
}

// file writes a Containerfile that nobody else has, and publishes its image
// where that is wanted.
func (r *rig) file(t *testing.T, publish bool, lines ...string) (path string, ref tag.Ref) {
	t.Helper()
	f, err := os.CreateTemp(r.dir, "Containerfile-")
	if err != nil {
		t.Fatal(err)
	}
	text := lab.Containerfile(r.seed, append(lines, "LABEL file="+strconv.Quote(f.Name()))...)
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if ref, err = tag.New(r.registry.Host()+"/vessux/openlock-base", text); err != nil {
		t.Fatal(err)
	}
	if publish {
		labtest.Publish(t, ref, tag.Identity(text))
	}
	return f.Name(), ref
}

// ensure is a run of the program.
type ensure struct {
	*exec.Cmd
	out  *output // standard output
	said *output // standard error
	done chan error
}

func (r *rig) start(t *testing.T, file string, args ...string) *ensure {
	t.Helper()
	return r.startAs(t, nil, file, args...)
}

// startAs runs it as another user; nil: the same.
func (r *rig) startAs(t *testing.T, user *syscall.Credential, file string, args ...string) *ensure {
	t.Helper()
	return r.run(t, user, append([]string{"--containerfile", file}, args...)...)
}

// startWith runs it on the embedded Containerfile, or what the arguments say.
func (r *rig) startWith(t *testing.T, args ...string) *ensure {
	t.Helper()
	return r.run(t, nil, args...)
}

func (r *rig) run(t *testing.T, user *syscall.Credential, args ...string) *ensure {
	t.Helper()
	e := &ensure{out: new(output), said: new(output), done: make(chan error, 1)}
	e.Cmd = exec.Command(r.openlock, append([]string{"ensure"}, args...)...)
	e.Env, e.Stdout, e.Stderr = r.env, e.out, e.said
	e.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Process.Kill() })
	go func() { e.done <- e.Wait() }()
	return e
}

// finish waits for the end and returns the exit code.
func (e *ensure) finish(t *testing.T) int {
	t.Helper()
	select {
	case <-e.done:
		return e.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		t.Fatalf("hangs:\n%s", e.said)
		return 0
	}
}

// until waits for something that has to happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !happened(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// reached waits until the engine is at the verb, and returns its process.
func (r *rig) reached(t *testing.T) (pid int) {
	t.Helper()
	until(t, "the engine", func() bool {
		b, err := os.ReadFile(filepath.Join(r.dir, "reached"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	return pid
}

// mark makes an empty file of the script's state; unmark removes it.
func (r *rig) mark(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) unmark(names ...string) {
	for _, n := range names {
		os.Remove(filepath.Join(r.dir, n))
	}
}

// whole checks that the ref names the right image in podman.
func (r *rig) whole(t *testing.T, ref tag.Ref, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := r.podman.Run(ctx, "image", "inspect", "--format", `{{index .Labels "`+tag.Label+`"}}`, ref.String())
	if err != nil || strings.TrimSpace(got) != tag.Identity(text) {
		t.Fatalf("%s: label %q, %v", ref, got, err)
	}
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(b, []byte(") Z "))
}

// output is what a program says, to be read while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

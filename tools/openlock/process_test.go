//go:build linux

package main

import (
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// phase is where an ensure can be when it ends badly.
type phase struct {
	name      string
	published bool
	verb      string // podman's, at which it is held or worked on; "" in the probe
	step      fault.Step
	hold      bool // the engine is held before it begins
}

var phases = []phase{
	{name: "probe", published: true, step: fault.Manifest},
	{name: "pull", published: true, verb: "pull", step: fault.Blob},
	{name: "build", verb: "build"},
	{name: "tag", published: true, verb: "tag", hold: true},
}

// begin starts an ensure and returns when it is in the phase, with the process
// of the engine where there is one. After it, nothing holds the next one.
func (r *rig) begin(t *testing.T, p phase, file string) (e *ensure, engine int) {
	t.Helper()
	asked := make(chan struct{})
	once := sync.OnceFunc(func() { close(asked) })
	if p.step != "" {
		silent, _ := fault.Named(p.step, "silent")
		r.registry.Wrap(func(inner http.Handler) http.Handler {
			broken := fault.Handler(inner, silent)
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				switch {
				case fault.StepOf(req) != p.step:
				case p.verb != "" && req.UserAgent() == "openlock":
					inner.ServeHTTP(w, req) // the probe's, and the engine is meant
					return
				default:
					once()
				}
				broken.ServeHTTP(w, req)
			})
		})
		defer r.registry.Wrap(nil)
	}
	if p.hold {
		r.mark(t, "hold")
	}
	if p.verb != "" {
		r.mark(t, "at-"+p.verb)
		defer r.unmark("at-"+p.verb, "hold", "reached")
	}
	e = r.start(t, file)
	if p.verb != "" {
		engine = r.reached(t)
	}
	switch {
	case p.step != "":
		until(t, "a question at "+string(p.step), func() bool {
			select {
			case <-asked:
				return true
			default:
				return false
			}
		})
	case p.verb == "build":
		until(t, "the build's RUN", func() bool { return strings.Contains(e.said.String(), "seed\", \"sleep\"") })
	}
	return e, engine
}

func (r *rig) fileFor(t *testing.T, p phase) (string, func()) {
	t.Helper()
	file, ref := r.file(t, p.published, `RUN ["/bin/seed", "sleep", "1s"]`)
	return file, func() { r.whole(t, ref, file) }
}

// rounds is how often each phase is tried. OPENLOCK_ROUNDS is for whoever
// wants more.
func rounds(t *testing.T, otherwise int) int {
	if text := os.Getenv("OPENLOCK_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return otherwise
}

// TestKilledHolder: whoever waits goes on when the holder is killed, in
// whatever phase, and no engine goes on unseen.
func TestKilledHolder(t *testing.T) {
	t.Parallel()
	for _, p := range phases {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for range rounds(t, 20) {
				file, whole := r.fileFor(t, p)
				holder, engine := r.begin(t, p, file)
				next := r.start(t, file)
				until(t, "the next in line", func() bool { return strings.Contains(next.said.String(), "waiting for process") })
				holder.Process.Kill()
				<-holder.done
				if engine != 0 {
					until(t, "the engine's end", func() bool { return !alive(engine) })
				}
				if code := next.finish(t); code != 0 {
					t.Fatalf("the next in line ends with %d:\n%s", code, next.said)
				}
				whole()
			}
		})
	}
}

// interruptLimit is what an interrupted program may take, on a busy machine.
const interruptLimit = 4 * time.Second

// TestInterrupted: Ctrl-C ends it in every phase, and what it has started. It
// measures how fast, and so runs beside no other test of this package.
func TestInterrupted(t *testing.T) {
	r := newRig(t)
	for _, p := range phases {
		t.Run(p.name, func(t *testing.T) {
			file, whole := r.fileFor(t, p)
			e, engine := r.begin(t, p, file)
			start := time.Now()
			e.Process.Signal(syscall.SIGINT)
			code := e.finish(t)
			took := time.Since(start)
			if code != 130 || took > interruptLimit || !strings.HasSuffix(e.said.String(), "openlock: interrupted\n") {
				t.Errorf("ends with %d after %s:\n%s", code, took, e.said)
			}
			if engine != 0 && alive(engine) {
				t.Error("the engine goes on")
			}
			if again := r.start(t, file); again.finish(t) != 0 {
				t.Fatalf("the next run: %s", again.said)
			}
			whole()
		})
	}
}

// TestKillAndRetry kills at random moments; the next run always succeeds.
func TestKillAndRetry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	n := rounds(t, 25)
	for i := range n {
		p := phases[1+i%2] // published or not, so that it pulls or builds
		file, ref := r.file(t, p.published)
		e := r.start(t, file)
		time.Sleep(rand.N(600 * time.Millisecond))
		e.Process.Kill()
		<-e.done
		if again := r.start(t, file); again.finish(t) != 0 {
			t.Fatalf("round %d: %s", i, again.said)
		}
		r.whole(t, ref, file)
	}
	t.Logf("%d rounds", n)
}

// TestOthersDoNotWait: who wants another image, or the same in another engine
// or for another user, does not wait for who hangs.
func TestOthersDoNotWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pull := phases[1]
	file, _ := r.fileFor(t, pull)
	hanging, _ := r.begin(t, pull, file)
	another, whole := r.fileFor(t, pull)
	if e := r.start(t, another); e.finish(t) != 0 || strings.Contains(e.said.String(), "waiting") {
		t.Errorf("another identity: %s", e.said)
	}
	whole()
	// The same image in another engine: the lock is that of podman's store.
	docker := *r
	docker.env = append(slices.Clone(r.env), labtest.Docker(t).Env...)
	if e := docker.start(t, file, "--runtime", "docker"); e.finish(t) != 0 || strings.Contains(e.said.String(), "waiting") {
		t.Errorf("another engine: %s", e.said)
	}
	// Another user has another cache directory.
	e := r.start(t, file, "--pull", "never", "--build", "never")
	if code := e.finish(t); code == 0 {
		t.Errorf("the image of a hanging pull is there: %s", e.said)
	}
	r.env = append(r.env, "XDG_CACHE_HOME="+t.TempDir())
	if e := r.start(t, file); e.finish(t) != 0 || strings.Contains(e.said.String(), "waiting") {
		t.Errorf("another user: %s", e.said)
	}
	hanging.Process.Kill()
}

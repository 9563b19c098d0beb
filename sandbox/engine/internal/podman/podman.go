// Package podman is the engine podman.
package podman

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vessux/openlock/internal/buildenv"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// name is what the engine and its program are called.
const name = "podman"

// Driver opens podman.
var Driver = driver.Driver{Name: name, Open: func(p process.Program) engine.Engine {
	return &podman{program: p, limit: questionTimeout, pause: pause}
}}

var (
	_ engine.Builder   = (*podman)(nil)
	_ engine.Describer = (*podman)(nil)
)

// podman is podman 4.3 or later, rootless or not, local or a podman machine.
// Its own environment (CONTAINERS_STORAGE_CONF, CONTAINER_HOST, …) selects the
// store.
type podman struct {
	program process.Program
	limit   time.Duration // of a question, however many commands it takes
	pause   time.Duration // before what another podman disturbed is tried again
}

// pause is enough for another podman to complete what it has begun.
const pause = 2 * time.Second

// questionTimeout is long: podman does not answer while another one writes a
// layer, which takes many seconds for a large one on a slow disk.
const questionTimeout = time.Minute

// Name returns "podman".
func (*podman) Name() string { return name }

// Inspect asks podman once, and further only where it fails in words that are
// not known.
func (p *podman) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	within, cancel := process.Within(ctx, p.limit)
	defer cancel()
	out, err := p.askOfWhole(within, "image", "inspect", ref)
	if err != nil {
		if p.missing(within, ref, err) {
			return nil, engine.ErrNotFound
		}
		return nil, unavailable(ctx, err)
	}
	var images []struct {
		ID           string `json:"Id"`
		RepoDigests  []string
		Labels       map[string]string
		Os           string
		Architecture string
		Variant      string
		History      []step
	}
	if err := json.Unmarshal(out, &images); err != nil || len(images) != 1 {
		return nil, &engine.UnavailableError{Engine: name, Reason: "podman image inspect did not answer with one image in JSON", Remedy: remedy, Err: err}
	}
	i := images[0]
	return &engine.Image{ID: i.ID, Platform: driver.Platform(i.Os, i.Architecture, i.Variant), Labels: i.Labels, Digests: i.RepoDigests, LastStep: lastStep(i.History)}, nil
}

// step is a step of an image's history.
type step struct {
	CreatedBy string `json:"created_by"`
	Comment   string // "FROM" and an image, of a step of podman's own
}

// lastStep is what made an image of another one; empty where podman did not.
func lastStep(history []step) string {
	if len(history) == 0 || !strings.HasPrefix(history[len(history)-1].Comment, "FROM ") {
		return ""
	}
	return history[len(history)-1].CreatedBy
}

// remedy is that for a podman which does not answer as it should.
const remedy = "run `podman info` and fix the reported problem"

// unavailable is why a question has no answer: ctx's cause, or what podman said.
func unavailable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	u := &engine.UnavailableError{Engine: name, Reason: err.Error(), Remedy: remedy, Err: err}
	if limit := new(process.LimitError); errors.As(err, &limit) {
		u.Remedy = "end the podman processes that hang, or choose another engine"
	}
	return u
}

// failed is the exit code of a podman command that failed. One that could
// not even begin, as without a readable storage.conf, ends with 1.
const failed = 125

// missing tells whether podman says that it has no such image; err is how it
// failed to show it. The words are those of podman 4 and 5. Should a later one
// have others, `image exists` ends with 1, as a broken podman does too, and a
// list of images proves that this one can open its store.
func (p *podman) missing(ctx context.Context, ref string, err error) bool {
	if process.ExitCode(err) == failed && driver.SaysMissing(err.Error()) {
		return true
	}
	if _, err := p.program.Ask(ctx, "image", "exists", ref); process.ExitCode(err) != 1 {
		return false
	}
	_, err = p.program.Ask(ctx, "image", "ls", "--quiet", "--filter", "reference="+ref)
	return err == nil
}

// brokenImage is podman's complaint about an image without a manifest, which a
// podman leaves that is killed while it stores one. Questions about other
// images end with it too, as long as the broken one is there.
// Compiled on first use: most starts of the program need none.
var brokenImage = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`image with ID "([0-9a-f]{64})" \(consider removing the image`)
})

// storing is in how many pauses another podman has stored what it is storing,
// on a busy machine too: until then, an image of it looks as a broken one does.
const storing = 2

// brokenMost is how many broken images a question removes.
const brokenMost = 20

// askOfWhole asks, and takes broken images out of the way, as podman advises.
// They cannot be used, and what they were meant to be is built or pulled again.
func (p *podman) askOfWhole(ctx context.Context, args ...string) ([]byte, error) {
	for range brokenMost {
		out, err := p.program.Ask(ctx, args...)
		id := brokenIn(err)
		if id == "" {
			return out, err
		}
		if err := p.rest(ctx, storing*p.pause); err != nil {
			return nil, err
		}
		switch out, err = p.program.Ask(ctx, args...); brokenIn(err) {
		case "":
			return out, err
		case id:
		default:
			continue
		}
		if _, err := p.program.Ask(ctx, "rmi", "--force", id); err != nil {
			return nil, err
		}
	}
	return p.program.Ask(ctx, args...)
}

func brokenIn(err error) string {
	if err == nil {
		return ""
	}
	if m := brokenImage().FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}

// Pull runs podman pull.
func (p *podman) Pull(ctx context.Context, ref, platform string, o engine.PullOptions) error {
	args, env := []string{"pull", "--platform", platform}, []string(nil)
	if o.IgnoreLogins || o.Login != nil {
		none, err := driver.NewNoLogins()
		if err != nil {
			return err
		}
		defer none.Remove()
		file, err := authfile(none, ref, o)
		if err != nil {
			return err
		}
		if env, err = helpers(none); err != nil {
			return err
		}
		args = append(args, "--authfile", file)
	}
	return driver.Pull(ctx, p.program, o, env, append(args, ref)...)
}

// Build runs podman build. Where another podman has removed an image while
// this one looked for what it could reuse, it begins again.
func (p *podman) Build(ctx context.Context, b engine.BuildRequest) (string, error) {
	program := p.program
	program.Env = buildenv.Of(os.Environ())
	command := append([]string{"build", "--format", "oci"}, buildenv.Podman(b.Containerfile)...)
	env, remove := buildenv.PodmanTemp(ctx, program)
	defer remove()
	build := driver.Build(p, b)
	build.Env = env
	for try := 1; ; try++ {
		id, err := build.Run(ctx, program, command...)
		if said := new(process.Error); try == buildTries || !errors.As(err, &said) || !strings.Contains(said.Tail, "layer not known") {
			return id, err
		}
		if err := p.rest(ctx, p.pause); err != nil {
			return "", err
		}
	}
}

// rest waits for another podman.
func (*podman) rest(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}

// buildTries is how often a build begins that a busy store disturbs.
const buildTries = 3

// Tag runs podman tag.
func (p *podman) Tag(ctx context.Context, image, ref string) error {
	_, err := p.program.Ask(ctx, "tag", image, ref)
	return err
}

// Remove runs podman rmi.
func (p *podman) Remove(ctx context.Context, ref string) error {
	_, err := p.program.Ask(ctx, "rmi", ref)
	return err
}

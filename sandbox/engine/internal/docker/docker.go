// Package docker is the engine docker.
package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// maxInspect is the largest answer of the daemon that is read, in bytes.
const maxInspect = 8 << 20

// name is what the engine and its program are called.
const name = "docker"

// Driver opens docker.
var Driver = driver.Driver{Name: name, Open: func(p process.Program) engine.Engine { return &docker{program: p, endpoint: findEndpoint()} }}

var _ engine.Builder = (*docker)(nil)

// questionTimeout bounds a question to the daemon.
const questionTimeout = 10 * time.Second

// docker is Docker 20.10 or later with BuildKit. It asks the daemon about
// images directly, through its socket: that takes less than half the time of
// starting the docker program, and it is the question asked on every start of
// a sandbox. All else goes through the docker program.
type docker struct {
	program  process.Program
	endpoint endpoint
}

// Name returns "docker".
func (*docker) Name() string { return name }

// Store is the daemon's address.
func (d *docker) Store() string { return name + "\x00" + d.endpoint.host }

type image struct {
	ID           string `json:"Id"`
	RepoDigests  []string
	Os           string
	Architecture string
	Variant      string
	Config       struct{ Labels map[string]string }
}

func (i image) public() *engine.Image {
	return &engine.Image{ID: i.ID, Platform: driver.Platform(i.Os, i.Architecture, i.Variant), Labels: i.Config.Labels, Digests: i.RepoDigests}
}

// Inspect asks the daemon's socket where that is plain, and the docker
// program where TLS or SSH stand between.
func (d *docker) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	if d.endpoint.err != nil {
		return nil, &engine.UnavailableError{Engine: name, Reason: d.endpoint.err.Error(), Remedy: "run `docker context ls`", Err: d.endpoint.err}
	}
	if d.endpoint.network == "" {
		return d.inspectByProgram(ctx, ref)
	}
	status, body, err := d.endpoint.get(ctx, "/images/"+ref+"/json")
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, d.unavailable(err)
	}
	switch {
	case status == http.StatusOK:
	case status == http.StatusNotFound && driver.SaysMissing(string(body)):
		return nil, engine.ErrNotFound
	default:
		return nil, &engine.UnavailableError{Engine: name, Reason: fmt.Sprintf("the daemon answers HTTP %d: %s", status, sanitize.Line(string(body))), Remedy: "run `docker info`"}
	}
	var i image
	if err := json.Unmarshal(body, &i); err != nil {
		return nil, &engine.UnavailableError{Engine: name, Reason: "the daemon's answer is not an image in JSON", Remedy: "run `docker info`", Err: err}
	}
	return i.public(), nil
}

func (d *docker) unavailable(err error) error {
	u := &engine.UnavailableError{Engine: name, Err: err, Remedy: "start it, with `systemctl start docker` or Docker Desktop, or point DOCKER_HOST at one that runs"}
	var netErr net.Error
	switch {
	case errors.Is(err, fs.ErrPermission):
		u.Reason = "no permission to use " + d.endpoint.host
		u.Remedy = "join the docker group, use rootless docker, or choose podman with --runtime podman"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		u.Reason = "no daemon listens on " + d.endpoint.host
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		u.Reason = fmt.Sprintf("the daemon at %s gave no answer within %s", d.endpoint.host, questionTimeout)
		u.Remedy = "restart the daemon"
	default:
		u.Reason = sanitize.Line(fmt.Sprintf("the daemon at %s: %v", d.endpoint.host, err))
	}
	return u
}

func (d *docker) inspectByProgram(ctx context.Context, ref string) (*engine.Image, error) {
	out, err := d.program.Ask(ctx, "image", "inspect", ref)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if driver.SaysMissing(err.Error()) {
			return nil, engine.ErrNotFound
		}
		return nil, &engine.UnavailableError{Engine: name, Reason: err.Error(), Remedy: "run `docker info`", Err: err}
	}
	var images []image
	if err := json.Unmarshal(out, &images); err != nil || len(images) != 1 {
		return nil, &engine.UnavailableError{Engine: name, Reason: "docker image inspect did not answer with one image in JSON", Remedy: "run `docker info`", Err: err}
	}
	return images[0].public(), nil
}

// Pull runs docker pull.
func (d *docker) Pull(ctx context.Context, ref, platform string, o engine.PullOptions) error {
	var env []string
	if o.IgnoreLogins {
		none, err := driver.NewNoLogins()
		if err != nil {
			return err
		}
		defer none.Remove()
		if env, err = d.endpoint.withoutLogins(none, ref); err != nil {
			return err
		}
	}
	return d.program.Work(ctx, cmp.Or(o.Timeout, driver.PullTimeout), env, "pull", "--platform", platform, ref)
}

// Build runs docker buildx build where buildx is there, else docker build,
// which has BuildKit inside up to Docker 22. The Containerfile needs BuildKit.
func (d *docker) Build(ctx context.Context, b engine.BuildRequest) (string, error) {
	command, env := []string{"buildx", "build", "--load"}, []string(nil)
	if _, err := d.program.Ask(ctx, "buildx", "version"); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		command, env = []string{"build"}, []string{"DOCKER_BUILDKIT=1"}
	}
	return driver.Build(b, func(dir string, args []string) error {
		args = append(append(command, "--progress", "plain"), args...)
		return d.program.Work(ctx, cmp.Or(b.Timeout, driver.BuildTimeout), env, append(args, dir)...)
	})
}

// Tag runs docker tag.
func (d *docker) Tag(ctx context.Context, image, ref string) error {
	_, err := d.program.Ask(ctx, "tag", image, ref)
	return err
}

// Remove runs docker rmi.
func (d *docker) Remove(ctx context.Context, ref string) error {
	_, err := d.program.Ask(ctx, "rmi", ref)
	return err
}

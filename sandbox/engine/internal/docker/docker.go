// Package docker is the engine docker.
package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/vessux/openlock/internal/buildenv"
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
var Driver = driver.Driver{Name: name, Open: func(p process.Program) engine.Engine { return &docker{p, findEndpoint(), questionTimeout} }}

var (
	_ engine.Builder   = (*docker)(nil)
	_ engine.Describer = (*docker)(nil)
)

// questionTimeout is how long the daemon may take to answer.
const questionTimeout = 10 * time.Second

// docker is Docker 20.10 or later with BuildKit. It asks the daemon about
// images directly, through its socket: that takes less than half the time of
// starting the docker program, and it is the question asked on every start of
// a sandbox. All else goes through the docker program.
type docker struct {
	program  process.Program
	endpoint endpoint
	limit    time.Duration // of a question to the daemon
}

// Name returns "docker".
func (*docker) Name() string { return name }

// Store is the daemon's address.
func (d *docker) Store() string { return driver.Store(name, d.endpoint.host) }

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

// Inspect asks about an image.
func (d *docker) Inspect(ctx context.Context, ref string) (*engine.Image, error) {
	body, err := d.ask(ctx, "/images/"+ref+"/json", "image", "inspect", ref)
	if err != nil {
		return nil, err
	}
	if d.endpoint.network != "" {
		body = slices.Concat([]byte("["), body, []byte("]")) // the program answers with a list
	}
	var images []image
	if err := json.Unmarshal(body, &images); err != nil || len(images) != 1 {
		return nil, &engine.UnavailableError{Engine: name, Reason: "the daemon did not answer with one image in JSON", Remedy: remedy, Err: err}
	}
	return images[0].public(), nil
}

// Describe asks the daemon for its version, where it may be elsewhere.
func (d *docker) Describe(ctx context.Context) (platform string, elsewhere bool, err error) {
	if d.endpoint.here() {
		return driver.HostPlatform(), false, nil
	}
	body, err := d.ask(ctx, "/version", "version", "--format", "{{json .Server}}")
	if err != nil {
		return "", true, err
	}
	var server struct{ Os, Arch string }
	if err := json.Unmarshal(body, &server); err != nil || server.Os == "" || server.Arch == "" {
		return "", true, &engine.UnavailableError{Engine: name, Reason: "the daemon did not answer with its platform in JSON", Remedy: remedy, Err: err}
	}
	return driver.Platform(server.Os, server.Arch, ""), true, nil
}

// remedy is that for a daemon whose answer makes no sense.
const remedy = "run `docker info` and fix the reported problem"

// ask asks the daemon's socket where that is plain, and the docker program
// where TLS or SSH stand between.
func (d *docker) ask(ctx context.Context, path string, args ...string) ([]byte, error) {
	if d.endpoint.err != nil {
		return nil, &engine.UnavailableError{Engine: name, Reason: d.endpoint.err.Error(), Remedy: d.endpoint.remedy, Err: d.endpoint.err}
	}
	if d.endpoint.network == "" {
		return d.askProgram(ctx, args...)
	}
	status, body, err := d.endpoint.get(ctx, d.limit, path)
	switch cause := context.Cause(ctx); {
	case err != nil && cause != nil:
		return nil, cause
	case err != nil:
		return nil, d.unavailable(err)
	case status == http.StatusOK:
		return body, nil
	case status == http.StatusNotFound && driver.SaysMissing(string(body)):
		return nil, engine.ErrNotFound
	}
	return nil, &engine.UnavailableError{Engine: name, Reason: fmt.Sprintf("the daemon answers HTTP %d: %s", status, sanitize.Line(string(body))), Remedy: remedy}
}

func (d *docker) askProgram(ctx context.Context, args ...string) ([]byte, error) {
	out, err := d.program.Ask(ctx, args...)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return out, nil
	case cause != nil:
		return nil, cause
	case driver.SaysMissing(err.Error()):
		return nil, engine.ErrNotFound
	}
	return nil, &engine.UnavailableError{Engine: name, Reason: err.Error(), Remedy: remedy, Err: err}
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
		u.Reason = fmt.Sprintf("the daemon at %s gave no answer within %s", d.endpoint.host, d.limit)
		u.Remedy = "restart the daemon"
	default:
		u.Reason = sanitize.Line(fmt.Sprintf("the daemon at %s: %v", d.endpoint.host, err))
	}
	return u
}

// Pull runs docker pull.
func (d *docker) Pull(ctx context.Context, ref, platform string, o engine.PullOptions) error {
	var env []string
	if o.IgnoreLogins || o.Login != nil {
		none, err := driver.NewNoLogins()
		if err != nil {
			return err
		}
		defer none.Remove()
		if env, err = d.endpoint.withoutLogins(none, ref, o); err != nil {
			return err
		}
	}
	return driver.Pull(ctx, d.program, o, env, "pull", "--platform", platform, ref)
}

// Build runs docker buildx build where buildx is installed, else docker build,
// which has BuildKit inside up to Docker 22. The Containerfile needs BuildKit.
func (d *docker) Build(ctx context.Context, b engine.BuildRequest) (string, error) {
	env, remove, err := buildenv.Docker(b.Containerfile)
	if err != nil {
		return "", err
	}
	defer remove()
	command, program := []string{"buildx", "build", "--load"}, d.program
	program.Env = buildenv.Of(os.Environ())
	if _, err := d.program.Ask(ctx, "buildx", "version"); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		command = []string{"build"}
	}
	build := driver.Build(d, b)
	build.Env = env
	return build.Run(ctx, program, append(command, "--progress", "plain")...)
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

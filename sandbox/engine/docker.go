package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
)

// maxInspect is the largest answer of the daemon that is read, in bytes.
const maxInspect = 8 << 20

// dockerName is what the engine and its program are called.
const dockerName = "docker"

// docker is Docker 20.10 or later with BuildKit. It asks the daemon about
// images directly, through its socket: that takes less than half the time of
// starting the docker program, and it is the question asked on every start of
// a sandbox. All else goes through the docker program.
type docker struct {
	program  process.Program
	endpoint endpoint
}

// Name returns "docker".
func (*docker) Name() string { return dockerName }

// Store is the daemon's address.
func (d *docker) Store() string { return dockerName + "\x00" + d.endpoint.host }

type dockerImage struct {
	ID           string `json:"Id"`
	RepoDigests  []string
	Os           string
	Architecture string
	Variant      string
	Config       struct{ Labels map[string]string }
}

func (i dockerImage) image() *Image {
	return &Image{ID: i.ID, Platform: normalPlatform(i.Os, i.Architecture, i.Variant), Labels: i.Config.Labels, Digests: i.RepoDigests}
}

// Inspect asks the daemon's socket where that is plain, and the docker
// program where TLS or SSH stand between.
func (d *docker) Inspect(ctx context.Context, ref string) (*Image, error) {
	if d.endpoint.err != nil {
		return nil, &UnavailableError{Engine: dockerName, Reason: d.endpoint.err.Error(), Remedy: "run `docker context ls`", Err: d.endpoint.err}
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
	case status == http.StatusNotFound && saysMissing(string(body)):
		return nil, ErrNotFound
	default:
		return nil, &UnavailableError{Engine: dockerName, Reason: fmt.Sprintf("the daemon answers HTTP %d: %s", status, sanitize.Line(string(body))), Remedy: "run `docker info`"}
	}
	var i dockerImage
	if err := json.Unmarshal(body, &i); err != nil {
		return nil, &UnavailableError{Engine: dockerName, Reason: "the daemon's answer is not an image in JSON", Remedy: "run `docker info`", Err: err}
	}
	return i.image(), nil
}

func (d *docker) unavailable(err error) error {
	u := &UnavailableError{Engine: dockerName, Err: err, Remedy: "start it, with `systemctl start docker` or Docker Desktop, or point DOCKER_HOST at one that runs"}
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

func (d *docker) inspectByProgram(ctx context.Context, ref string) (*Image, error) {
	out, err := d.program.Ask(ctx, "image", "inspect", ref)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if saysMissing(err.Error()) {
			return nil, ErrNotFound
		}
		return nil, &UnavailableError{Engine: dockerName, Reason: err.Error(), Remedy: "run `docker info`", Err: err}
	}
	var images []dockerImage
	if err := json.Unmarshal(out, &images); err != nil || len(images) != 1 {
		return nil, &UnavailableError{Engine: dockerName, Reason: "docker image inspect did not answer with one image in JSON", Remedy: "run `docker info`", Err: err}
	}
	return images[0].image(), nil
}

// Pull runs docker pull.
func (d *docker) Pull(ctx context.Context, ref, platform string, o PullOptions) error {
	var env []string
	if o.IgnoreLogins {
		none, err := newNoLogins()
		if err != nil {
			return err
		}
		defer none.remove()
		if env, err = d.endpoint.withoutLogins(none, ref); err != nil {
			return err
		}
	}
	return d.program.Work(ctx, cmp.Or(o.Timeout, pullTimeout), env, "pull", "--platform", platform, ref)
}

// Build runs docker buildx build where buildx is there, else docker build,
// which has BuildKit inside up to Docker 22. The Containerfile needs BuildKit.
func (d *docker) Build(ctx context.Context, b BuildRequest) (string, error) {
	command, env := []string{"buildx", "build", "--load"}, []string(nil)
	if _, err := d.program.Ask(ctx, "buildx", "version"); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		command, env = []string{"build"}, []string{"DOCKER_BUILDKIT=1"}
	}
	return buildWith(b, func(dir string, args []string) error {
		args = append(append(command, "--progress", "plain"), args...)
		return d.program.Work(ctx, cmp.Or(b.Timeout, buildTimeout), env, append(args, dir)...)
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

// get sends one GET to the daemon on a connection of its own.
func (e endpoint) get(ctx context.Context, path string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, e.network, e.address)
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 1 {
		// 101: the body is the connection, which no context ends.
		return 0, nil, fmt.Errorf("HTTP %d %s, which no daemon answers here", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxInspect))
	return resp.StatusCode, body, err
}

// plainHost splits a daemon's address into what a dialer takes; network is
// empty for addresses that only the docker program can reach.
func plainHost(host string) (network, address string) {
	scheme, rest, _ := strings.Cut(host, "://")
	switch {
	case scheme == "unix":
		return "unix", rest
	case scheme == "tcp" && os.Getenv("DOCKER_TLS_VERIFY") == "" && os.Getenv("DOCKER_TLS") == "":
		rest, _, _ = strings.Cut(rest, "/")
		return "tcp", rest
	}
	return "", ""
}

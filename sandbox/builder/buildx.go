package builder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/internal/buildenv"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/leg"
)

// buildx is docker buildx with any builder that can push by digest:
// docker-container, kubernetes, remote, cloud.
type buildx struct {
	docker process.Program
	name   string // of the builder; empty: the one in use
}

// Name is "buildx", with the builder's name where one was chosen.
func (b *buildx) Name() string {
	if b.name == "" {
		return "buildx"
	}
	return "buildx (builder " + b.name + ")"
}

// Check asks the builder what it can build, and starts it where it is not
// running. Refused are builders of the plain docker driver, which keep what
// they build in the daemon, and those that lack a platform.
func (b *buildx) Check(ctx context.Context, platforms []string) error {
	// Its output is for us, but starting a builder can take longer than Ask allows.
	var out bytes.Buffer
	asked := b.docker
	asked.Output = &out
	args := []string{"buildx", "inspect", "--bootstrap"}
	if b.name != "" {
		args = append(args, b.name)
	}
	err := asked.Work(ctx, bootstrapTimeout, nil, args...)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		e := &leg.Error{Reason: fmt.Sprintf("%s does not answer: %v", b.Name(), err), Remedy: "run `docker buildx ls`", Err: err}
		if said := new(process.Error); errors.As(err, &said) {
			e.Remedy = cmp.Or(said.Hint(), e.Remedy)
		}
		return e
	}
	driver, have := parseInspect(out.String())
	if driver == "docker" {
		return &leg.Error{
			Reason: b.Name() + " has the docker driver, which cannot push by digest for several platforms",
			Remedy: "make another builder with `docker buildx create --use`, or name one with -builder or BUILDX_BUILDER",
		}
	}
	if missing := lacks(have, platforms); len(missing) > 0 {
		return &leg.Error{
			Reason: fmt.Sprintf("%s cannot build for %s, only for %s", b.Name(), strings.Join(missing, ", "), strings.Join(have, ", ")),
			Remedy: "install QEMU's user emulation on its machine (`docker run --privileged --rm tonistiigi/binfmt --install arm64`), or append a native node with `docker buildx create --append`",
		}
	}
	return nil
}

// parseInspect reads the driver and the platforms of all nodes from what
// `docker buildx inspect` prints. An asterisk marks platforms that the user
// gave a node.
func parseInspect(text string) (driver string, platforms []string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Driver":
			driver = value
		case "Platforms":
			for p := range strings.SplitSeq(value, ",") {
				platforms = append(platforms, strings.TrimSuffix(strings.TrimSpace(p), "*"))
			}
		}
	}
	return driver, platforms
}

// Build builds the platforms side by side, each by a buildx of its own. One
// buildx for several platforms ignores push-by-digest where the builder has
// several nodes: it merges what they built, and pushes that as "latest". The
// first build that fails ends the others.
func (b *buildx) Build(ctx context.Context, r leg.Request) ([]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	digests := make([]string, len(r.Platforms))
	var builds sync.WaitGroup
	var terminal sync.Mutex
	for i, platform := range r.Platforms {
		builds.Go(func() {
			out := &lineWriter{mu: &terminal, w: b.docker.Output, prefix: platform + ": "}
			defer out.Flush()
			one := *b
			one.docker.Output = out
			var err error
			if digests[i], err = one.push(ctx, r, platform); err != nil {
				cancel(fmt.Errorf("%s: %w", platform, err))
			}
		})
	}
	builds.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return digests, nil
}

// push builds one platform, and has the builder push it by digest.
func (b *buildx) push(ctx context.Context, r leg.Request, platform string) (digest string, err error) {
	// A docker from a snap has a /tmp of its own: there it finds the directory,
	// and we do not find the file.
	f, err := os.CreateTemp("", "openlock-build-")
	if err != nil {
		return "", err
	}
	report := f.Name()
	defer os.Remove(report)
	f.Close()
	said, err := b.run(ctx, r, platform, nil, "--metadata-file", report,
		"--output", "type=image,name="+r.Repository+",push=true,push-by-digest=true,name-canonical=true,"+outputOptions)
	if err != nil {
		return "", pushFailed(err)
	}
	return pushedDigest(report, said)
}

// Export builds one platform into an OCI layout at dir.
func (b *buildx) Export(ctx context.Context, r leg.Request, dir string) error {
	platform, err := onlyPlatform(r)
	if err != nil {
		return err
	}
	return unpack(dir, func(w io.Writer) error {
		_, err := b.run(ctx, r, platform, w, "--output", "type=oci,dest=-,"+outputOptions)
		return err
	})
}

// outputOptions are the same for every output.
const outputOptions = "rewrite-timestamp=true,oci-mediatypes=true"

// run builds one platform; stdout gets what is output as a stream. With
// provenance and SBOM off, that holds an image and nothing else. It returns the
// end of what buildx printed.
func (b *buildx) run(ctx context.Context, r leg.Request, platform string, stdout io.Writer, output ...string) (said string, err error) {
	seconds, err := epochOf(r)
	if err != nil {
		return "", err
	}
	env, remove, err := buildenv.Docker(r.Containerfile)
	if err != nil {
		return "", err
	}
	defer remove()
	args := []string{"buildx", "build", "--progress", "plain", "--provenance=false", "--sbom=false"}
	if b.name != "" {
		args = append(args, "--builder", b.name)
	}
	if r.NoCache {
		args = append(args, "--no-cache")
	}
	args = append(args, labelArgs(r.Labels)...)
	args = append(args, "--platform", platform, "--build-arg", "SOURCE_DATE_EPOCH="+seconds)
	// Without a directory, there is no context.
	args = append(append(args, output...), "-")
	return b.docker.Do(ctx, process.Job{Limit: buildTimeout, Env: env, Stdin: bytes.NewReader(r.Containerfile), Stdout: stdout}, args...)
}

// pushFailed tells a push that failed from a build that failed by BuildKit's
// words; the exit code is the same. A registry that refuses the FROM image
// gets no such words.
func pushFailed(err error) error {
	said := new(process.Error)
	if !errors.As(err, &said) {
		return err
	}
	i := strings.LastIndex(said.Tail, "failed to push ")
	if i < 0 {
		return err
	}
	line, _, _ := strings.Cut(said.Tail[i:], "\n")
	return &leg.PushError{Err: fmt.Errorf("buildx: %s", line)}
}

// pushedLine is BuildKit's word on what it pushed. A step's own words have a
// time before them.
var pushedLine = regexp.MustCompile(`(?m)^#\d+ (?:exporting manifest |pushing manifest for \S+@)(sha256:[0-9a-f]{64})`)

// pushedDigest returns the digest of what was pushed: of buildx's report, or of
// what it printed. Whether an image is there is asked of the registry later.
func pushedDigest(report, said string) (string, error) {
	b, err := os.ReadFile(report)
	if err != nil {
		return "", fmt.Errorf("buildx wrote no metadata file: %w", err)
	}
	var meta struct {
		Digest string `json:"containerimage.digest"`
	}
	err = json.Unmarshal(b, &meta)
	if _, invalid := v1.NewHash(meta.Digest); err == nil && invalid == nil {
		return meta.Digest, nil
	}
	if all := pushedLine.FindAllStringSubmatch(said, -1); len(all) > 0 {
		return all[len(all)-1][1], nil
	}
	if err != nil && len(b) > 0 {
		return "", fmt.Errorf("metadata of buildx: %w", err)
	}
	return "", fmt.Errorf("buildx reported no digest of what it pushed (%q)", sanitize.Line(meta.Digest))
}

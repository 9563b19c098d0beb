package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

// Run measures everything, shows it on out and writes it to docs/benchmarks.md
// in the checkout. It fails where a promise is not kept.
func Run(ctx context.Context, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "openlock-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, dir)
	if err != nil {
		return err
	}
	r := report{machine: machine(ctx, b)}
	measureErr := b.measure(ctx, out, &r)
	if err := errors.Join(measureErr, b.close()); err != nil {
		return err
	}
	text := r.markdown()
	fmt.Fprint(out, text)
	if err := os.MkdirAll(filepath.Join(root, "docs"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "benchmarks.md"), []byte(text), 0o644); err != nil {
		return err
	}
	return r.broken()
}

// bench is what the measurements need: the host binary, a registry with the
// image, and both engines with the image in their stores.
type bench struct {
	openlock, mage, crane, file string
	ref                         tag.Ref
	registry                    *lab.Registry
	podman                      *lab.PodmanStore
	docker                      *lab.DockerDaemon
	env                         []string
}

func newBench(ctx context.Context, dir string) (*bench, error) {
	b := &bench{file: filepath.Join(dir, "bench.Containerfile"), registry: lab.StartRegistry()}
	b.env = []string{"HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "CI="}
	ok := false
	defer func() {
		if !ok {
			b.close()
		}
	}()
	var err error
	if b.crane, err = lab.Crane.Find(); err != nil {
		return nil, err
	}
	if b.openlock, err = lab.BuildOpenlock(ctx, dir); err != nil {
		return nil, err
	}
	if b.mage, err = lab.BuildMage(ctx, dir); err != nil {
		return nil, err
	}
	// The Containerfile is as long as the real one, and small to build.
	seed, err := lab.Seed(ctx, b.registry.Host())
	if err != nil {
		return nil, err
	}
	text := lab.Containerfile(seed)
	for len(text) < 6000 {
		text = append(text, "# as long as the real one\n"...)
	}
	if err := os.WriteFile(b.file, text, 0o600); err != nil {
		return nil, err
	}
	if b.ref, err = tag.New(b.registry.Host()+"/openlock-base", text); err != nil {
		return nil, err
	}
	if _, err := lab.Publish(ctx, b.ref, tag.Identity(text), "linux/amd64", "linux/arm64"); err != nil {
		return nil, err
	}
	if b.podman, err = lab.NewPodman(filepath.Join(dir, "podman"), b.registry.Host()); err != nil {
		return nil, err
	}
	if b.docker, err = lab.StartDocker(ctx, filepath.Join(dir, "docker")); err != nil {
		return nil, err
	}
	for _, c := range []command{b.ours("ensure", b.podman.Env, "--runtime", "podman"), b.ours("ensure", b.docker.Env, "--runtime", "docker")} {
		if _, err := c.run(ctx); err != nil {
			return nil, err
		}
	}
	ok = true
	return b, nil
}

func (b *bench) close() error {
	b.registry.Close()
	var errs []error
	if b.podman != nil {
		errs = append(errs, b.podman.Close())
	}
	if b.docker != nil {
		errs = append(errs, b.docker.Close())
	}
	return errors.Join(errs...)
}

// ours is a command of the host binary about the image.
func (b *bench) ours(verb string, env []string, args ...string) command {
	return command{
		name: "openlock " + verb, env: append(append([]string(nil), b.env...), env...),
		args: append([]string{b.openlock, verb, "--containerfile", b.file, "--repository", b.ref.Repository}, args...),
	}
}

func (b *bench) pairs() []pair {
	image := b.ref.String()
	return []pair{
		{
			name: "tag of a file", bound: 4, runs: 200,
			ours:  command{name: "openlock tag", env: b.env, args: []string{b.openlock, "tag", "--containerfile", b.file}},
			other: command{name: "sha256sum", args: []string{"sha256sum", b.file}},
		},
		{
			name: "warm ensure, podman", bound: 1.3, runs: 60,
			ours:  b.ours("ensure", b.podman.Env, "--runtime", "podman"),
			other: command{name: "podman image exists", env: b.podman.Env, args: []string{"podman", "image", "exists", image}},
		},
		{
			name: "warm ensure, docker", bound: 0.5, runs: 100,
			ours:  b.ours("ensure", b.docker.Env, "--runtime", "docker"),
			other: command{name: "docker image inspect", env: b.docker.Env, args: []string{"docker", "image", "inspect", image}},
		},
		{
			name: "exists, both children and their layers checked", bound: 1, runs: 100,
			ours:  b.ours("exists", nil),
			other: command{name: "crane digest of the tag alone", env: b.env, args: []string{b.crane, "digest", image}},
		},
	}
}

func (b *bench) measure(ctx context.Context, out io.Writer, r *report) error {
	for _, p := range b.pairs() {
		fmt.Fprintf(out, "measuring: %s\n", p.name)
		res, err := p.measure(ctx)
		if err != nil {
			return err
		}
		r.results = append(r.results, res)
	}
	fmt.Fprintln(out, "measuring: registries that fail, memory, size")
	if err := b.failing(ctx, r); err != nil {
		return err
	}
	if err := b.skipping(ctx, r); err != nil {
		return err
	}
	return b.sizes(ctx, r)
}

// skipping measures what a publication costs where all is published, beyond
// what any target costs that asks no engine and no registry.
func (b *bench) skipping(ctx context.Context, r *report) error {
	const bound = 500 * time.Millisecond
	var took, start []time.Duration
	args := []string{"-containerfile=" + b.file, "-repository=" + b.ref.Repository}
	for range 15 {
		base := command{name: "mage release:base", env: b.env, args: append([]string{b.mage, "release:base"}, args...)}
		if err := base.time(ctx, true, &took); err != nil {
			return err
		}
		tag := command{name: "mage tag", env: b.env, args: append([]string{b.mage, "tag"}, args...)}
		if err := tag.time(ctx, true, &start); err != nil {
			return err
		}
	}
	cost := median(took) - median(start)
	r.figures = append(r.figures, figure{"release:base of a published image, beyond mage's own start", fmt.Sprintf("%d ms", cost.Milliseconds()), fmt.Sprintf("%d ms", bound.Milliseconds()), cost <= bound})
	return nil
}

// failing measures what a registry that fails costs before a build starts:
// plan decides as ensure does, and then does nothing.
func (b *bench) failing(ctx context.Context, r *report) error {
	refused, err := lab.RefusedHost()
	if err != nil {
		return err
	}
	silent, stop, err := lab.SilentHost()
	if err != nil {
		return err
	}
	defer stop()
	busy := lab.StartRegistry()
	defer busy.Close()
	throttles, _ := fault.Named(fault.Manifest, "429")
	busy.Wrap(func(inner http.Handler) http.Handler { return fault.Handler(inner, throttles) })
	for _, c := range []struct {
		name, host string
		bound      time.Duration
		runs       int
	}{
		{"refused port, until the build starts", refused, 500 * time.Millisecond, 15},
		{"silent registry, until the build starts", silent, 3500 * time.Millisecond, 5},
		{"429 without Retry-After, until the build starts", busy.Host(), 10 * time.Second, 3},
	} {
		var took []time.Duration
		plan := command{name: "openlock plan", env: append(append([]string(nil), b.env...), b.podman.Env...),
			args: []string{b.openlock, "plan", "--containerfile", b.file, "--repository", c.host + "/openlock-base", "--runtime", "podman"}}
		for range c.runs {
			if err := plan.time(ctx, true, &took); err != nil {
				return err
			}
		}
		worst := median(took)
		r.figures = append(r.figures, figure{c.name, fmt.Sprintf("%d ms", worst.Milliseconds()), fmt.Sprintf("%d ms", c.bound.Milliseconds()), worst <= c.bound})
	}
	return nil
}

// sizes measures the host binary.
func (b *bench) sizes(ctx context.Context, r *report) error {
	switch peak, err := b.ours("ensure", b.docker.Env, "--runtime", "docker").peakMemory(ctx); {
	case err == nil:
		r.figures = append(r.figures, figure{"memory of a warm ensure", fmt.Sprintf("%.1f MB", float64(peak)/1e6), "20 MB", peak < 20e6})
	case !errors.Is(err, errors.ErrUnsupported):
		return err
	}
	info, err := os.Stat(b.openlock)
	if err != nil {
		return err
	}
	r.figures = append(r.figures, figure{"size of the host binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "12 MB", info.Size() < 12e6})
	return nil
}

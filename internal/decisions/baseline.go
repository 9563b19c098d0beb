package decisions

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/tag"
)

// patience is how long a command of the script is waited for.
const patience = 30 * time.Second

// Baseline is what the usual script does, measured on the real tools:
//
//	docker buildx imagetools inspect "$ref" || docker buildx build --push …
//	podman pull "$ref" || podman build …
type Baseline struct {
	Tools []string          `json:"tools"` // their versions
	Cases map[string]Script `json:"cases"` // by the case's name
}

// Script is what it does in one case.
type Script struct {
	CI   string `json:"ci"`   // "skips" or "builds and pushes"; "waits" longer than patience
	Host string `json:"host"` // "pulls", "takes a foreign image", "builds" or "waits"
	// HostSeconds is what podman pull took, rounded to whole seconds.
	HostSeconds int `json:"host_seconds"`
}

// Measure runs the commands of the script in every case.
func (p Parts) Measure(ctx context.Context) (Baseline, error) {
	b := Baseline{Cases: map[string]Script{}}
	for _, version := range []func() (string, error){
		func() (string, error) { return p.Podman.Run(ctx, "--version") },
		func() (string, error) { return lab.Buildx.Version() },
	} {
		text, err := version()
		if err != nil {
			return b, err
		}
		b.Tools = append(b.Tools, strings.Join(strings.Fields(text), " "))
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		queue = make(chan Case)
	)
	for range 16 {
		all.Go(func() {
			for c := range queue {
				s, err := p.script(ctx, c)
				mu.Lock()
				b.Cases[c.String()], errs = s, append(errs, err)
				mu.Unlock()
			}
		})
	}
	for _, c := range Cases() {
		queue <- c
	}
	close(queue)
	all.Wait()
	return b, errors.Join(errs...)
}

// script runs both commands on a registry in the case's condition.
func (p Parts) script(ctx context.Context, c Case) (Script, error) {
	s, err := newStand(c, "script")
	defer s.end()
	if err != nil {
		return Script{}, err
	}
	home, err := os.MkdirTemp(p.Dir, "script-")
	if err != nil {
		return Script{}, err
	}
	r := run{Parts: p, stand: s, home: home}
	env, err := r.podmanEnv()
	if err != nil {
		return Script{}, err
	}
	ref, err := r.base().Ref()
	if err != nil {
		return Script{}, err
	}
	out := Script{CI: "builds and pushes", Host: "builds"}
	if done, ok, _ := command(ctx, p.Builder.Env, "docker", "buildx", "imagetools", "inspect", ref.String()); !done {
		out.CI = "waits"
	} else if ok {
		out.CI = "skips"
	}
	start := time.Now()
	done, pulled, _ := command(ctx, env, "podman", "pull", "--quiet", ref.String())
	out.HostSeconds = int(time.Since(start).Round(time.Second).Seconds())
	switch {
	case !done:
		out.Host = "waits"
	case pulled:
		out.Host = "pulls"
		_, _, label := command(ctx, env, "podman", "image", "inspect", "--format", `{{index .Labels "`+tag.Label+`"}} {{.Os}}/{{.Architecture}}`, ref.String())
		if strings.TrimSpace(label) != tag.Identity(s.file)+" "+own {
			out.Host = "takes a foreign image"
		}
	}
	return out, os.RemoveAll(home)
}

// command runs a command, with all that it starts, for as long as the patience
// lasts.
func command(ctx context.Context, env []string, name string, args ...string) (done, succeeded bool, out string) {
	path, err := exec.LookPath(name)
	if err != nil {
		return false, false, ""
	}
	var b bytes.Buffer
	err = process.Program{Name: name, Path: path, Output: &b}.Work(ctx, patience, env, args...)
	limit := new(process.LimitError)
	return !errors.As(err, &limit), err == nil, b.String()
}

// WrongCI tells whether the script's decision in CI is wrong: to skip what is
// not whole, or to build and push on doubt or beside what is whole.
func (c Case) WrongCI(s Script) bool {
	switch c.Want[Probe].State {
	case ok:
		return s.CI != "skips"
	case throttle, down, invalid:
		return s.CI == "builds and pushes" || s.CI == "skips"
	}
	return s.CI == "skips"
}

// WrongHost tells whether the script's decision on a host is wrong: to take an
// image that is not the one, or to build what could be pulled.
func (c Case) WrongHost(s Script) bool {
	return s.Host == "takes a foreign image" || s.Host == "builds" && c.Want[EnsurePodman].Action == pulled
}

// Waits tells whether the script still waits after the patience is over.
func (s Script) Waits() bool { return s.CI == "waits" || s.Host == "waits" }

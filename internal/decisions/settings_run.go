package decisions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/lab"
)

// Outcome is what one machine came to.
type Outcome struct {
	Engine   bool   // the engine's own pull brought the image
	Planned  bool   // plan says that it is pulled
	Ensured  bool   // ensure --build never pulled it
	Tagged   bool   // and the engine has it under the canonical ref
	Mirror   bool   // the reason names the mirror
	Asked    bool   // plan says that the engine is asked
	Leftover string // names that the engine has beside the ref, or images without one
	Leaked   string // requests that sent a login to a host that it is not stored for
	Said     string // all that was printed, for the log
}

// PlaySetting pulls with the engine, removes the image, and has openlock plan
// and ensure it, on a machine of its own.
func (p Parts) PlaySetting(ctx context.Context, s Setting) (out Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	home, err := os.MkdirTemp(p.Dir, "machine-")
	if err != nil {
		return out, err
	}
	m := newMachine(home, s.Engine+s.Name)
	defer m.end()
	if err := s.set(m); err != nil {
		return out, err
	}
	store, end, err := p.store(ctx, m, s.Engine)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, end(), os.RemoveAll(home)) }()
	m.env = append(store, m.env...)
	return m.play(ctx, p, s.Engine)
}

// store gives a machine an empty image store, and its environment. What
// belongs to the user is the machine's.
func (p Parts) store(ctx context.Context, m *machine, engine string) (env []string, end func() error, err error) {
	if engine == lab.Docker.Name {
		docker, end := p.Docker, func() error { return p.Docker.Empty(context.Background()) }
		if m.daemon != nil {
			if docker, err = lab.StartDockerWith(ctx, filepath.Join(m.home, "store"), lab.DockerWith{Env: m.daemon, Args: m.flags, Bind: m.etcDocker()}); err != nil {
				return nil, nil, err
			}
			end = docker.Close
		}
		env, err := m.reach(ctx, docker)
		return append(docker.Env[:len(docker.Env):len(docker.Env)], append(env, "DOCKER_CONFIG="+filepath.Join(m.home, ".docker"))...), end, err
	}
	podman, err := lab.NewPodman(filepath.Join(m.home, "store"))
	if err != nil {
		return nil, nil, err
	}
	if m.user = p.User; m.user != nil {
		if err := podman.As(m.user, m.home); err != nil {
			return nil, nil, errors.Join(err, podman.Close())
		}
	}
	for _, v := range podman.Env {
		if !strings.HasPrefix(v, "CONTAINERS_REGISTRIES_CONF=") {
			env = append(env, v)
		}
	}
	if m.transport == "" {
		return env, podman.Close, nil
	}
	host, stop, err := podman.Serve(ctx, append(env[:len(env):len(env)], m.env...))
	if err != nil {
		return nil, nil, errors.Join(err, podman.Close())
	}
	end = func() error { return errors.Join(stop(), podman.Close()) }
	if m.transport == viaTCP {
		host = m.tcp(strings.TrimPrefix(host, "unix://"))
	}
	return append(env, "CONTAINER_HOST="+host), end, nil
}

func (m *machine) play(ctx context.Context, p Parts, engine string) (out Outcome, err error) {
	file := filepath.Join(m.home, "base.Containerfile")
	if err := os.WriteFile(file, m.file, 0o644); err != nil {
		return out, err
	}
	m.env = append(m.env, "OPENLOCK_BASE_CONTAINERFILE="+file, "OPENLOCK_BASE_REPOSITORY="+m.repository, "OPENLOCK_RUNTIME="+engine)
	var log strings.Builder
	do := func(path string, args ...string) (string, bool) {
		text, said, ok := m.run(ctx, path, args...)
		fmt.Fprintf(&log, "$ %s %s\n%s%s", filepath.Base(path), strings.Join(args, " "), text, said)
		return text, ok
	}
	_, out.Engine = do(engine, "pull", "--platform", own, m.ref().String())
	do(engine, "rmi", "--force", m.ref().String())
	text, _ := do(p.Openlock, "plan", "--json", "--build", "never")
	out.Planned = field(text, "action") == "pull"
	out.Asked = strings.Contains(field(text, "reason"), engine+" is asked to pull it first")
	text, out.Ensured = do(p.Openlock, "ensure", "--json", "--build", "never", "--pull-timeout", "20s")
	out.Mirror = strings.Contains(field(text, "reason"), m.mirrorHost())
	names, _ := do(engine, "images", "--all", "--format", "{{.Repository}}:{{.Tag}}")
	// Docker leaves out the Hub's host.
	rest := slices.DeleteFunc(strings.Fields(names), func(n string) bool { return n == strings.TrimPrefix(m.ref().String(), "docker.io/") })
	_, out.Tagged = do(engine, "image", "inspect", m.ref().String())
	out.Leftover = strings.Join(rest, " ")
	out.Said, out.Leaked = log.String(), m.leaked()
	return out, ctx.Err()
}

// run runs a program as the machine's user would.
func (m *machine) run(ctx context.Context, path string, args ...string) (out, said string, ok bool) {
	command := m.etcDocker().Command(path, args...)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if m.user != nil {
		cmd = m.user.Command(ctx, path, args...)
	}
	cmd.Dir = m.home
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, m.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	return o.String(), e.String(), err == nil
}

func field(text, name string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return ""
	}
	value, _ := fields[name].(string)
	return value
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// PodmanStore is a podman of its own: store, state and settings under one
// directory, selected by environment variables alone.
type PodmanStore struct {
	Env  []string // NAME=value, for whatever runs podman
	dir  string
	run  string
	user *Rootless // who runs podman; nil: the test's own user
}

// NewPodman makes an empty podman store under dir. The hosts are registries
// that speak plain HTTP.
func NewPodman(dir string, insecure ...string) (*PodmanStore, error) {
	if _, err := Podman.Find(); err != nil {
		return nil, err
	}
	// The path of podman's sockets may not be longer than about 100 bytes.
	run, err := os.MkdirTemp("", "olp")
	if err != nil {
		return nil, err
	}
	p := &PodmanStore{dir: dir, run: run}
	files := map[string]string{
		"containers.conf": containersConf(run),
		"storage.conf": fmt.Sprintf("[storage]\ndriver = %q\ngraphroot = %q\nrunroot = %q\n",
			storageDriver(), filepath.Join(dir, "graph"), filepath.Join(run, "root")),
		"registries.conf": registriesConf(insecure),
		"policy.json":     `{"default": [{"type": "insecureAcceptAnything"}]}`,
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	p.Env = []string{
		"CONTAINERS_CONF=" + filepath.Join(dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF=" + filepath.Join(dir, "storage.conf"),
		"CONTAINERS_REGISTRIES_CONF=" + filepath.Join(dir, "registries.conf"),
	}
	return p, nil
}

// containersConf chooses runc where it is there, since crun does not start
// containers everywhere, and keeps containers off networks and limits that a
// machine without an init system cannot give them.
func containersConf(run string) string {
	var b strings.Builder
	b.WriteString("[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\nnetns = \"host\"\n[engine]\n")
	if _, err := exec.LookPath("runc"); err == nil {
		b.WriteString("runtime = \"runc\"\n")
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		b.WriteString("cgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n")
	}
	fmt.Fprintf(&b, "tmp_dir = %q\n", filepath.Join(run, "tmp"))
	return b.String()
}

// storageDriver is overlay, which rootless podman needs a recent kernel for.
func storageDriver() string {
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("fuse-overlayfs"); err != nil {
			return "vfs"
		}
	}
	return "overlay"
}

func registriesConf(insecure []string) string {
	var b strings.Builder
	for _, h := range insecure {
		fmt.Fprintf(&b, "[[registry]]\nlocation = %q\ninsecure = true\n", h)
	}
	return b.String()
}

// Registries writes a registries.conf of its own into dir, with other hosts
// that speak plain HTTP, and returns the variable that selects it.
func (p *PodmanStore) Registries(dir string, insecure ...string) (env string, err error) {
	path := filepath.Join(dir, "registries.conf")
	return "CONTAINERS_REGISTRIES_CONF=" + path, os.WriteFile(path, []byte(registriesConf(insecure)), 0o600)
}

// TakesPlainHTTP writes podman's registries.conf of a user whose home is given:
// the hosts speak plain HTTP.
func TakesPlainHTTP(home string, hosts ...string) error {
	dir := filepath.Join(home, ".config", "containers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "registries.conf"), []byte(registriesConf(hosts)), 0o600)
}

// As gives the store to another user, who runs podman from then on, with a home
// of which run is the directory for the time of a session.
func (p *PodmanStore) As(user *Rootless, home string) error {
	run := filepath.Join(home, "run")
	p.user, p.Env = user, append(p.Env, "HOME="+home, "XDG_RUNTIME_DIR="+run)
	return errors.Join(os.MkdirAll(run, 0o700), user.give(p.dir, p.run, home))
}

// command is podman with its arguments, as the user whose store this is.
func (p *PodmanStore) command(args ...string) []string {
	if p.user != nil {
		return p.user.command("podman", args...)
	}
	return append([]string{"podman"}, args...)
}

// Run runs podman in this store and returns what it printed.
func (p *PodmanStore) Run(ctx context.Context, args ...string) (string, error) {
	command := p.command(args...)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if p.user != nil {
		cmd.Dir = p.dir // the user may not be able to enter that of the test
	}
	return output(cmd, p.Env)
}

// Serve has podman serve its API until end is called, with an environment that
// selects the store. Host is the service's address.
func (p *PodmanStore) Serve(ctx context.Context, env []string) (host string, end func() error, err error) {
	socket := filepath.Join(p.run, "podman.sock")
	host = "unix://" + socket
	d, err := startDaemon(ctx, p.run, socket, env, p.command("system", "service", "--time", "0", host)...)
	if err != nil {
		return "", nil, err
	}
	return host, d.stop, nil
}

// Empty removes every container and image.
func (p *PodmanStore) Empty(ctx context.Context) error {
	_, err := p.Run(ctx, "rmi", "--all", "--force")
	return err
}

// Close removes the store and all that podman mounted in it.
func (p *PodmanStore) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p.Run(ctx, "rm", "--all", "--force", "--time", "0")
	switch {
	case p.user != nil:
		// The process that keeps the user's namespaces ends.
		if _, err := p.Run(ctx, "system", "migrate"); err != nil {
			return err
		}
	case os.Geteuid() != 0:
		// Rootless, the files belong to subordinate users.
		if _, err := p.Run(ctx, "unshare", "rm", "-rf", p.dir, p.run); err != nil {
			return err
		}
	}
	if err := unmountUnder(p.dir, p.run); err != nil {
		return err
	}
	if err := os.RemoveAll(p.run); err != nil {
		return err
	}
	return os.RemoveAll(p.dir)
}

// runWith runs a program with more environment and returns its output; the
// error holds what it said.
func runWith(ctx context.Context, env []string, name string, args ...string) (string, error) {
	return output(exec.CommandContext(ctx, name, args...), env)
}

func output(cmd *exec.Cmd, env []string) (string, error) {
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 5 * time.Second
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

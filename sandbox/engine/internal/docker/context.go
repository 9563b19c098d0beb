package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// endpoint is the address of a docker daemon.
type endpoint struct {
	host    string // as DOCKER_HOST says it, such as unix:///var/run/docker.sock
	network string // for a dialer; empty where only the docker program gets through
	address string
	dir     string // docker's directory of settings
	context string // the context that names the daemon; empty: none
	tls     bool   // the context wants TLS for its daemon
	err     error  // the configuration names a daemon that cannot be made out
	remedy  string // for err
}

// findEndpoint finds the daemon as the docker program does: DOCKER_HOST,
// then the context that DOCKER_CONTEXT or docker's config.json names, then the
// system's own socket.
func findEndpoint() endpoint {
	e := endpoint{dir: os.Getenv("DOCKER_CONFIG")}
	if e.dir == "" {
		e.dir = filepath.Join(userdir.Home(), ".docker")
	}
	if host := strings.TrimSpace(os.Getenv("DOCKER_HOST")); host != "" {
		e.host, e.remedy, e.err = parseHost(host)
	} else if e.context = cmp.Or(os.Getenv("DOCKER_CONTEXT"), currentContext(e.dir)); e.context == "" || e.context == "default" {
		e.context, e.host = "", defaultHost()
	} else {
		e.host, e.tls, e.err = contextHost(e.dir, e.context)
		e.remedy = "run `docker context ls`"
	}
	if e.err == nil && !e.tls {
		e.network, e.address = plainHost(e.host)
	}
	return e
}

// parseHost completes DOCKER_HOST as the docker program does: an address
// without a scheme is one of TCP, whose port is 2375 unless it names another.
// The program takes a path for one on a local TCP port too, which is a mistake
// that it does not explain.
func parseHost(host string) (complete, remedy string, err error) {
	scheme, rest, found := strings.Cut(host, "://")
	if !found {
		scheme, rest = "tcp", host
	}
	switch {
	case scheme == "unix":
		return "unix://" + cmp.Or(rest, socket), "", nil
	case scheme != "tcp":
		return host, "", nil
	case strings.HasPrefix(host, "/"):
		return "", "set DOCKER_HOST=unix://" + sanitize.Line(host), fmt.Errorf("DOCKER_HOST is a path, not an address: %s", sanitize.Line(host))
	}
	u, err := url.Parse("tcp://" + rest)
	if err != nil {
		return "", "set DOCKER_HOST to an address such as unix://" + socket, fmt.Errorf("DOCKER_HOST is not an address: %q", sanitize.Line(host))
	}
	return "tcp://" + net.JoinHostPort(cmp.Or(u.Hostname(), "localhost"), cmp.Or(u.Port(), "2375")) + u.Path, "", nil
}

// socket is where the system's daemon listens.
const socket = "/var/run/docker.sock"

// overTLS reports that the environment wants TLS for a daemon without context.
func overTLS() bool { return os.Getenv("DOCKER_TLS_VERIFY") != "" || os.Getenv("DOCKER_TLS") != "" }

// here reports that the daemon is on this machine, as a socket shows that is
// none of a virtual machine's.
func (e endpoint) here() bool {
	return runtime.GOOS == "linux" && e.network == "unix" && !strings.Contains(e.address, "/.docker/desktop/")
}

// withoutLogins returns the environment in which the docker program finds this
// daemon, and for the registry of ref no login, or just that of the options.
func (e endpoint) withoutLogins(none driver.NoLogins, ref string, o engine.PullOptions) (env []string, err error) {
	if err := dockerConfig(none, ref, o, e.context); err != nil {
		return nil, err
	}
	env = []string{"DOCKER_CONFIG=" + none.Dir}
	if os.Getenv("DOCKER_CERT_PATH") == "" {
		env = append(env, "DOCKER_CERT_PATH="+e.dir) // docker looks in DOCKER_CONFIG
	}
	if e.tls { // only the docker program reads the keys
		return env, os.Symlink(filepath.Join(e.dir, "contexts"), filepath.Join(none.Dir, "contexts"))
	}
	if e.context != "" { // a context without keys is one without TLS
		env = append(env, "DOCKER_TLS=", "DOCKER_TLS_VERIFY=")
	}
	return append(env, "DOCKER_HOST="+e.host, "DOCKER_CONTEXT="), nil
}

// dockerConfig writes docker's config.json with an empty entry for the
// registry: docker asks the machine's key ring where a config says nothing.
func dockerConfig(n driver.NoLogins, ref string, o engine.PullOptions, context string) error {
	c := map[string]any{"auths": driver.Entry(ref, o, struct{}{})}
	if context != "" {
		c["currentContext"] = context
	}
	_, err := n.Write("config.json", c)
	return err
}

func defaultHost() string {
	switch {
	case overTLS():
		return "tcp://localhost:2376"
	case runtime.GOOS == "windows":
		return "npipe:////./pipe/docker_engine"
	}
	return "unix://" + socket
}

// currentContext reads the context that `docker context use` chose. A config
// that cannot be read chooses none; the docker program will complain about it.
func currentContext(dir string) string {
	var c struct {
		CurrentContext string `json:"currentContext"`
	}
	if b, err := smallfile.Read(filepath.Join(dir, "config.json")); err == nil {
		_ = json.Unmarshal(b, &c)
	}
	return c.CurrentContext
}

// contextHost reads a context's daemon from docker's context store, in which
// a context's directory is named by the SHA-256 of its name.
func contextHost(dir, name string) (host string, tls bool, err error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	b, err := smallfile.Read(filepath.Join(dir, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return "", false, fmt.Errorf("docker context %q does not exist", sanitize.Line(name))
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool // is TLS too, without certificates of its own
		}
	}
	err = json.Unmarshal(b, &meta)
	daemon := meta.Endpoints["docker"]
	if err != nil || daemon.Host == "" {
		return "", false, fmt.Errorf("docker context %q names no daemon", sanitize.Line(name))
	}
	_, tlsErr := os.Stat(filepath.Join(dir, "contexts", "tls", id))
	return daemon.Host, tlsErr == nil || daemon.SkipTLSVerify, nil
}

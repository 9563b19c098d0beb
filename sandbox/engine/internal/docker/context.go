package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// endpoint is the address of a docker daemon.
type endpoint struct {
	host    string // as DOCKER_HOST says it, such as unix:///var/run/docker.sock
	network string // for a dialer; empty where only the docker program gets through
	address string
	dir     string // docker's directory of settings
	context string // the context that names the daemon; empty: none
	tls     bool   // the context holds keys for its daemon
	err     error  // the configuration names a daemon that cannot be made out
}

// findEndpoint finds the daemon as the docker program does: DOCKER_HOST,
// then the context that DOCKER_CONTEXT or docker's config.json names, then the
// system's own socket.
func findEndpoint() endpoint {
	e := endpoint{dir: os.Getenv("DOCKER_CONFIG")}
	if e.dir == "" {
		home, _ := os.UserHomeDir()
		e.dir = filepath.Join(home, ".docker")
	}
	if e.host = os.Getenv("DOCKER_HOST"); e.host == "" {
		e.context = cmp.Or(os.Getenv("DOCKER_CONTEXT"), currentContext(e.dir))
		if e.context == "" || e.context == "default" {
			e.context, e.host = "", defaultHost()
		} else {
			e.host, e.tls, e.err = contextHost(e.dir, e.context)
		}
	}
	if e.err == nil && !e.tls {
		e.network, e.address = plainHost(e.host)
	}
	return e
}

// here reports that the daemon is on this machine, as a socket shows that is
// none of a virtual machine's.
func (e endpoint) here() bool {
	return runtime.GOOS == "linux" && e.network == "unix" && !strings.Contains(e.address, "/.docker/desktop/")
}

// withoutLogins returns the environment in which the docker program finds this
// daemon, and no login for the registry of ref.
func (e endpoint) withoutLogins(none driver.NoLogins, ref string) (env []string, err error) {
	if err := dockerConfig(none, ref, e.context); err != nil {
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
func dockerConfig(n driver.NoLogins, ref, context string) error {
	c := map[string]any{"auths": driver.Entry(ref, struct{}{})}
	if context != "" {
		c["currentContext"] = context
	}
	_, err := n.Write("config.json", c)
	return err
}

func defaultHost() string {
	if runtime.GOOS == "windows" {
		return "npipe:////./pipe/docker_engine"
	}
	return "unix:///var/run/docker.sock"
}

// currentContext reads the context that `docker context use` chose. A config
// that cannot be read chooses none; the docker program will complain about it.
func currentContext(dir string) string {
	var c struct {
		CurrentContext string `json:"currentContext"`
	}
	if b, err := os.ReadFile(filepath.Join(dir, "config.json")); err == nil {
		_ = json.Unmarshal(b, &c)
	}
	return c.CurrentContext
}

// contextHost reads a context's daemon from docker's context store, in which
// a context's directory is named by the SHA-256 of its name.
func contextHost(dir, name string) (host string, tls bool, err error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	b, err := os.ReadFile(filepath.Join(dir, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return "", false, fmt.Errorf("docker context %q is not there", sanitize.Line(name))
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	if err := json.Unmarshal(b, &meta); err != nil || meta.Endpoints["docker"].Host == "" {
		return "", false, fmt.Errorf("docker context %q names no daemon", sanitize.Line(name))
	}
	_, tlsErr := os.Stat(filepath.Join(dir, "contexts", "tls", id))
	return meta.Endpoints["docker"].Host, tlsErr == nil, nil
}

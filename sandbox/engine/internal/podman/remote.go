package podman

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// here reports that podman works on this machine: on Linux, unless it is
// podman-remote by another name, or its environment names a service that is not
// behind a socket of this machine. That containers.conf can make every podman a
// client is not looked at: the file would be read at each start.
func (p *podman) here() bool {
	host := os.Getenv("CONTAINER_HOST")
	if runtime.GOOS != "linux" || os.Getenv("CONTAINER_CONNECTION") != "" || host != "" && !strings.HasPrefix(host, "unix://") {
		return false
	}
	program, err := filepath.EvalSymlinks(p.program.Path)
	return host != "" || err != nil || filepath.Base(program) != "podman-remote"
}

// storeVariables select podman's store on this machine, with the user.
var storeVariables = []string{
	"CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "STORAGE_DRIVER", "STORAGE_OPTS", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "HOME",
}

// Store is made of what selects podman's store: the service that it is a client
// of, or the user and the settings of this machine.
func (p *podman) Store() string {
	host := os.Getenv("CONTAINER_HOST")
	if !p.here() {
		return driver.Store(name, host, connection())
	}
	settings := []string{strconv.Itoa(os.Getuid())}
	for _, v := range storeVariables {
		settings = append(settings, os.Getenv(v))
	}
	return driver.Store(name, host, settings...)
}

// connection is the one that podman uses, as far as its settings name it:
// CONTAINER_CONNECTION, then what `podman system connection default` chose,
// which podman 5 keeps in a file of its own and podman 4 in containers.conf.
func connection() string {
	if c := os.Getenv("CONTAINER_CONNECTION"); c != "" || os.Getenv("CONTAINER_HOST") != "" {
		return c
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		dir = filepath.Join(userdir.Home(), ".config")
	}
	file := cmp.Or(os.Getenv("PODMAN_CONNECTIONS_CONF"), filepath.Join(dir, "containers", "podman-connections.json"))
	var chosen struct{ Connection struct{ Default string } }
	if text, err := smallfile.Read(file); err == nil && json.Unmarshal(text, &chosen) == nil && chosen.Connection.Default != "" {
		return chosen.Connection.Default
	}
	text, _ := smallfile.Read(cmp.Or(os.Getenv("CONTAINERS_CONF"), filepath.Join(dir, "containers", "containers.conf")))
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, "="); found && strings.TrimSpace(key) == "active_service" {
			return strings.Trim(value, " \t\r\n\"'")
		}
	}
	return ""
}

// Describe asks podman for its server's version, where that may be elsewhere.
func (p *podman) Describe(ctx context.Context) (_ string, elsewhere bool, err error) {
	if p.here() {
		return driver.HostPlatform(), false, nil
	}
	out, err := p.program.AskWithin(ctx, p.limit, "version", "--format", "{{.Server.OsArch}}")
	if err != nil {
		return "", true, unavailable(ctx, err)
	}
	runs, err := platform.Normalize(strings.TrimSpace(string(out)))
	if err != nil {
		return "", true, &engine.UnavailableError{Engine: name, Reason: "podman version did not answer with a platform", Remedy: remedy, Err: err}
	}
	return runs, true, nil
}

package podman

import (
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// here reports that podman works on this machine: on Linux, unless its
// environment names a service that is not behind a socket of this machine.
func here() bool {
	host := os.Getenv("CONTAINER_HOST")
	return runtime.GOOS == "linux" && os.Getenv("CONTAINER_CONNECTION") == "" && (host == "" || strings.HasPrefix(host, "unix://"))
}

// Describe asks podman for its server's version, where that may be elsewhere.
func (p *podman) Describe(ctx context.Context) (_ string, elsewhere bool, err error) {
	if here() {
		return driver.HostPlatform(), false, nil
	}
	out, err := p.program.Ask(ctx, "version", "--format", "{{.Server.OsArch}}")
	if err != nil {
		return "", true, unavailable(ctx, err)
	}
	runs, err := platform.Normalize(strings.TrimSpace(string(out)))
	if err != nil {
		return "", true, &engine.UnavailableError{Engine: name, Reason: "podman version did not answer with a platform", Remedy: remedy, Err: err}
	}
	return runs, true, nil
}

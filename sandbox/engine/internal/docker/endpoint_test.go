package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/engine"
)

// noSettings leaves docker without any setting but a directory of them.
func noSettings(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"} {
		t.Setenv(name, "")
	}
	return dir
}

func write(t *testing.T, text string, elem ...string) {
	t.Helper()
	path := filepath.Join(elem...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// writeContext stores a context, whose endpoint is JSON.
func writeContext(t *testing.T, dir, name, endpoint string) (id string) {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id = hex.EncodeToString(sum[:])
	write(t, `{"Endpoints":{"docker":`+endpoint+`}}`, dir, "contexts", "meta", id, "meta.json")
	return id
}

// TestHosts: DOCKER_HOST is read as the docker program reads it, and dialled
// where that is plain.
func TestHosts(t *testing.T) {
	noSettings(t)
	const program = "" // no network: only the docker program gets through
	for _, c := range []struct{ value, host, network, address string }{
		{"unix:///run/x.sock", "unix:///run/x.sock", "unix", "/run/x.sock"},
		{"unix://", "unix:///var/run/docker.sock", "unix", "/var/run/docker.sock"},
		{" tcp://127.0.0.1:1234 ", "tcp://127.0.0.1:1234", "tcp", "127.0.0.1:1234"},
		{"tcp://127.0.0.1", "tcp://127.0.0.1:2375", "tcp", "127.0.0.1:2375"},
		{"tcp://127.0.0.1:", "tcp://127.0.0.1:2375", "tcp", "127.0.0.1:2375"},
		{"tcp://127.0.0.1:1234/", "tcp://127.0.0.1:1234/", "tcp", "127.0.0.1:1234"},
		{"tcp://127.0.0.1:1234/base", "tcp://127.0.0.1:1234/base", program, ""},
		{"tcp://[::1]", "tcp://[::1]:2375", "tcp", "[::1]:2375"},
		{"tcp://", "tcp://localhost:2375", "tcp", "localhost:2375"},
		{"127.0.0.1:1234", "tcp://127.0.0.1:1234", "tcp", "127.0.0.1:1234"},
		{"ssh://host", "ssh://host", program, ""},
		{"npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine", program, ""},
	} {
		t.Setenv("DOCKER_HOST", c.value)
		if e := findEndpoint(); e.err != nil || e.host != c.host || e.network != c.network || e.address != c.address {
			t.Errorf("DOCKER_HOST=%q: %+v; want %+v", c.value, e, c)
		}
	}
}

// TestHostsThatAreNone are refused, with the remedy.
func TestHostsThatAreNone(t *testing.T) {
	noSettings(t)
	for value, want := range map[string][2]string{
		"/run/docker.sock": {"DOCKER_HOST is a path, not an address: /run/docker.sock", "set DOCKER_HOST=unix:///run/docker.sock"},
		"tcp://[::1":       {`DOCKER_HOST is not an address: "tcp://[::1"`, "set DOCKER_HOST to an address such as unix:///var/run/docker.sock"},
	} {
		t.Setenv("DOCKER_HOST", value)
		_, err := (&docker{endpoint: findEndpoint()}).Inspect(t.Context(), "x:y")
		if down := new(engine.UnavailableError); !errors.As(err, &down) || down.Reason != want[0] || down.Remedy != want[1] {
			t.Errorf("DOCKER_HOST=%q: %+v", value, err)
		}
	}
}

// TestTLS: a daemon behind TLS is reached by the docker program alone, and never
// in the clear.
func TestTLS(t *testing.T) {
	dir := noSettings(t)
	for name, endpoint := range map[string]string{
		"clear": `{"Host":"tcp://127.0.0.1:1234"}`, "skips": `{"Host":"tcp://127.0.0.1:1234","SkipTLSVerify":true}`, "keys": `{"Host":"tcp://127.0.0.1:1234"}`,
	} {
		if id := writeContext(t, dir, name, endpoint); name == "keys" {
			write(t, "x", dir, "contexts", "tls", id, "docker", "ca.pem")
		}
	}
	for context, network := range map[string]string{"clear": "tcp", "skips": "", "keys": ""} {
		t.Setenv("DOCKER_CONTEXT", context)
		if e := findEndpoint(); e.err != nil || e.host != "tcp://127.0.0.1:1234" || e.network != network || e.tls != (network == "") {
			t.Errorf("context %s: %+v, want the network %q", context, e, network)
		}
	}
	t.Setenv("DOCKER_CONTEXT", "")
	for _, variable := range []string{"DOCKER_TLS", "DOCKER_TLS_VERIFY"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "1")
			if e := findEndpoint(); e.host != "tcp://localhost:2376" || e.network != "" {
				t.Errorf("without a host: %+v", e)
			}
			t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1234")
			if e := findEndpoint(); e.host != "tcp://127.0.0.1:1234" || e.network != "" {
				t.Errorf("with a host: %+v", e)
			}
		})
	}
}

// TestContextsThatAreNone: a context that is missing or names no daemon.
func TestContextsThatAreNone(t *testing.T) {
	dir := noSettings(t)
	writeContext(t, dir, "empty", `{}`)
	writeContext(t, dir, "damaged", `{`)
	for name, want := range map[string]string{
		"none": `docker context "none" does not exist`, "empty": `docker context "empty" names no daemon`, "damaged": `docker context "damaged" names no daemon`,
	} {
		t.Setenv("DOCKER_CONTEXT", name)
		_, err := (&docker{endpoint: findEndpoint()}).Inspect(t.Context(), "x:y")
		if down := new(engine.UnavailableError); !errors.As(err, &down) || down.Reason != want || !strings.Contains(down.Remedy, "docker context ls") {
			t.Errorf("context %s: %+v", name, err)
		}
	}
}

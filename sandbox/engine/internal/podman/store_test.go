//go:build linux

package podman

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// noSettings leaves podman without any setting of the environment.
func noSettings(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	for _, v := range append([]string{"CONTAINER_HOST", "CONTAINER_CONNECTION", "XDG_CONFIG_HOME", "PODMAN_CONNECTIONS_CONF"}, storeVariables...) {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", home)
	return home
}

// TestStoreIsNamedByAllThatSelectsIt: each setting makes another key.
func TestStoreIsNamedByAllThatSelectsIt(t *testing.T) {
	noSettings(t)
	keys := map[string]string{(&podman{}).Store(): "none"}
	for _, v := range []string{
		"CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF",
		"STORAGE_DRIVER", "STORAGE_OPTS", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "HOME",
	} {
		t.Run(v, func(t *testing.T) {
			for _, value := range []string{"unix:///a", "tcp://a.invalid:1"} {
				t.Setenv(v, value)
				key := (&podman{}).Store()
				if other, found := keys[key]; found {
					t.Errorf("%s has the key of %s: %q", value, other, key)
				}
				keys[key] = v + "=" + value
			}
		})
	}
}

// TestStoreElsewhere is the service's, whatever selects a store here.
func TestStoreElsewhere(t *testing.T) {
	noSettings(t)
	t.Setenv("CONTAINER_HOST", "tcp://a.invalid:1")
	before := (&podman{}).Store()
	t.Setenv("CONTAINERS_STORAGE_CONF", "/x")
	machine, err := os.Hostname()
	if after := (&podman{}).Store(); err != nil || after != before || strings.Contains(after, machine) {
		t.Errorf("%q and %q, %v", before, after, err)
	}
}

// TestConnection: the one that is chosen by the environment, by podman 5's file
// or by podman 4's.
func TestConnection(t *testing.T) {
	home := noSettings(t)
	write := func(text string, elem ...string) string {
		t.Helper()
		path := filepath.Join(elem...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := func(name string) {
		t.Helper()
		if got := connection(); got != name {
			t.Errorf("connection %q, want %q", got, name)
		}
	}
	want("")
	write("[engine]\n  active_service = \"four\"\n", home, ".config", "containers", "containers.conf")
	want("four")
	t.Setenv("CONTAINERS_CONF", write("[engine]\nremote = true\nactive_service='other'", home, "other.conf"))
	want("other")
	write(`{"Connection":{"Default":"five"}}`, home, ".config", "containers", "podman-connections.json")
	want("five")
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "cfg"))
	write(`{`, home, "cfg", "containers", "podman-connections.json")
	want("other")
	t.Setenv("PODMAN_CONNECTIONS_CONF", write(`{"Connection":{"Default":"chosen"}}`, home, "c.json"))
	want("chosen")
	t.Setenv("CONTAINER_HOST", "tcp://a.invalid:1")
	want("")
	t.Setenv("CONTAINER_CONNECTION", "variable")
	want("variable")
}

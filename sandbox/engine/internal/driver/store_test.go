package driver

import (
	"os"
	"strings"
	"testing"
)

// TestStore: the key of a store on this machine names the machine, since
// others may share the directory of locks.
func TestStore(t *testing.T) {
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for address, here := range map[string]bool{
		"": true, "unix:///run/x.sock": true, "npipe:////./pipe/docker_engine": true, "tcp://127.0.0.1:2375": true, "tcp://[::1]:2375": true,
		"tcp://localhost:2375": true, "tcp://%": true, "tcp://192.0.2.1:2375": false, "tcp://[2001:db8::1]:2375": false, "ssh://me@lab": false,
	} {
		want := []string{"name", address}
		if here {
			want = append(want, machine)
		}
		want = append(want, "a", "b")
		if got := Store("name", address, "a", "b"); got != strings.Join(want, "\x00") {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

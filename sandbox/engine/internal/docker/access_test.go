package docker

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestProxyOfLocalDaemon: the proxy is the daemon's, and never the shell's, also
// where the daemon has none.
func TestProxyOfLocalDaemon(t *testing.T) {
	noSettings(t)
	t.Setenv("HTTPS_PROXY", "http://shell.invalid:3128")
	for _, want := range []string{"", "http://daemon.invalid:3128"} {
		address := filepath.Join(t.TempDir(), "d")
		socket, err := net.Listen("unix", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		go http.Serve(socket, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"HttpsProxy":%q}`, want) }))
		d := &docker{endpoint: endpoint{host: "unix://" + address, network: "unix", address: address}, limit: time.Minute}
		a := d.Access(t.Context())
		if a.Proxy == nil {
			t.Error("the proxy is that of the environment")
			continue
		}
		req, err := http.NewRequest(http.MethodGet, "https://registry.invalid/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		u, err := a.Proxy(req)
		if u != nil {
			got = u.String()
		}
		if err != nil || got != want || (a.Differs != "") != (want != "") {
			t.Errorf("proxy %q, %v, want %q; %q", got, err, want, a.Differs)
		}
	}
}

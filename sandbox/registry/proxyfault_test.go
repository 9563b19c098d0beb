package registry_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// proxySays is what is told of a proxy's fault, and how often an impatient client
// asks.
var proxySays = map[string]struct {
	says  string
	tries int64
}{
	"407":     {"HTTP 407 Proxy Authentication Required", 1},
	"403":     {"HTTP 403 Forbidden", 1},
	"502":     {"HTTP 502 Bad Gateway", 3},
	"503":     {"HTTP 503 Service Unavailable", 3},
	"silent":  {"no answer in time", 1},
	"closes":  {"connection lost", 3},
	"garbage": {"malformed HTTP", 1},
	"refused": {"connection refused", 0},
}

func startProxy(t *testing.T, f fault.ProxyFault, asked func()) string {
	t.Helper()
	host, end, err := f.Start(asked)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return host
}

// TestProxyFaults: what a proxy says, or fails to say, is told as the proxy's,
// by its address and where it is set, and never as the registry's. It says
// nothing of the image, whatever the status.
func TestProxyFaults(t *testing.T) {
	for _, f := range fault.ProxyTable {
		row := proxySays[f.Name]
		for _, scheme := range []string{"http", "https"} {
			t.Run(f.Name+" to "+scheme, func(t *testing.T) {
				t.Parallel()
				var hits atomic.Int64
				at := startProxy(t, f, func() { hits.Add(1) })
				through := startProxy(t, fault.HangsUp, nil)
				proxy := &url.URL{Scheme: "http", User: url.UserPassword("worker", "tops3cret"), Host: at}
				o := registry.Options{
					Anonymous: true, HeaderTimeout: 500 * time.Millisecond, Timeout: 20 * time.Second,
					Access: &access.Access{
						Places: func(repository, _ string) ([]access.Place, error) {
							return []access.Place{{Repository: repository, Insecure: scheme == "http"}}, nil
						},
						Proxy: func(r *http.Request) (*url.URL, error) {
							if r.URL.Scheme == scheme {
								return proxy, nil
							}
							return &url.URL{Scheme: "http", Host: through}, nil
						},
						ProxyFrom: "the daemon's settings",
					},
				}
				ref := tag.Ref{Repository: "registry.invalid/a/b", Tag: tag.Of(nil)}
				began := time.Now()
				res := probe(t, registry.Query{Ref: ref, Platforms: both}, o)
				expect(t, res, registry.StateUnreachable)
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				for _, want := range []string{"proxy http://" + proxy.Host + " (the daemon's settings)", row.says} {
					if !strings.Contains(res.Reason, want) {
						t.Errorf("reason %q, want %q", res.Reason, want)
					}
				}
				if strings.Contains(res.Reason+res.Hint, "tops3cret") || strings.Contains(res.Reason+res.Hint, "worker") {
					t.Errorf("the proxy's login is told: %s, %s", res.Reason, res.Hint)
				}
				if res.Hint == "" {
					t.Error("no hint")
				}
				if n := hits.Load(); n != row.tries {
					t.Errorf("the proxy was asked %d times, want %d", n, row.tries)
				}
			})
		}
	}
}

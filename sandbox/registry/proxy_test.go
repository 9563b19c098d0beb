package registry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vessux/openlock/sandbox/tag"
)

// proxy is an HTTP proxy on this machine that connects to whatever it likes.
type proxy struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // host:port
}

func startProxy(t *testing.T, dial func(context.Context, string, string) (net.Conn, error)) *proxy {
	t.Helper()
	p := new(proxy)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.Method+" "+r.Host)
		p.mu.Unlock()
		if dial == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		far, err := dial(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		go io.Copy(far, buffered)
		io.Copy(near, far)
	}))
	t.Cleanup(p.Close)
	return p
}

// TestRedirectThroughProxy: a proxy may be on this machine, also where it leads
// to a host that a registry elsewhere has named.
func TestRedirectThroughProxy(t *testing.T) {
	secure := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/":
		case r.Host == "example.com":
			http.Redirect(w, r, "https://storage.example.com/x", http.StatusTemporaryRedirect)
		default:
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)
		}
	})
	h := startHosted(t, secure, true)
	if f := h.probe(t); f == nil || !strings.Contains(f.reason, "inside the local network") {
		t.Errorf("without a proxy: %+v", f)
	}
	p := startProxy(t, h.base.DialContext)
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.base.CloseIdleConnections()
	h.base.Proxy = http.ProxyURL(at)
	h.base.DialContext = transportFor(Options{}.withDefaults()).DialContext
	if f := h.probe(t); f != nil {
		t.Errorf("%s: %s", f.state, f.reason)
	}
	if want := []string{"CONNECT example.com:443", "CONNECT storage.example.com:443"}; !slices.Equal(p.asked, want) {
		t.Errorf("the proxy was asked for %q", p.asked)
	}
}

// TestProxyOfEnvironment: a probe uses the proxy that HTTPS_PROXY names. The
// environment is read once a process, so it is another one's.
func TestProxyOfEnvironment(t *testing.T) {
	const variable = "OPENLOCK_TEST_PROXIED"
	if os.Getenv(variable) != "" {
		q := Query{Ref: tag.Ref{Repository: "192.0.2.1/a", Tag: "0123456789ab"}, Platforms: []string{"linux/amd64"}}
		if res, err := Probe(t.Context(), q, Options{Retry: Retry{Tries: 1}}); err != nil || res.State != StateUnreachable || !strings.Contains(res.Reason, "(HTTPS_PROXY)") {
			t.Errorf("%+v, %v", res, err)
		}
		return
	}
	p := startProxy(t, nil)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1", "HTTPS_PROXY="+p.URL, "NO_PROXY=", "no_proxy=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if want := []string{"CONNECT 192.0.2.1:443"}; !slices.Equal(p.asked, want) {
		t.Errorf("the proxy was asked for %q, want %q", p.asked, want)
	}
}

// TestProxySetting: the variable that is set is named, and one that holds no URL
// is not repeated, since a login may stand in it.
func TestProxySetting(t *testing.T) {
	for _, v := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(v, "")
	}
	t.Setenv("http_proxy", "http://worker:tops3cret%zz@proxy.invalid")
	p := proxies{find: func(*http.Request) (*url.URL, error) {
		return nil, &url.Error{Op: "parse", URL: os.Getenv("http_proxy"), Err: os.ErrInvalid}
	}}
	if https, http := p.source("https"), p.source("http"); https != "HTTPS_PROXY" || http != "http_proxy" {
		t.Errorf("%s, %s", https, http)
	}
	req, err := http.NewRequest(http.MethodGet, "http://registry.invalid/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.RoundTrip(req)
	if f, ok := err.(*failure); !ok || f.state != StateUnreachable || !strings.Contains(f.reason, "http_proxy") || strings.Contains(f.reason, "cret") {
		t.Errorf("%v", err)
	}
}

package registry_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// proxyFaults are the ways in which a proxy fails: what it does on a connection,
// what is told of it, and how often an impatient client asks.
var proxyFaults = []struct {
	name, says string
	tries      int64
	answer     func(net.Conn)
}{
	{"407", "HTTP 407 Proxy Authentication Required", 1, answerText("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")},
	{"403", "HTTP 403 Forbidden", 1, answerText("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")},
	{"502", "HTTP 502 Bad Gateway", 3, answerText("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")},
	{"503", "HTTP 503 Service Unavailable", 3, answerText("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")},
	{"silent", "no answer in time", 1, func(c net.Conn) { io.Copy(io.Discard, c) }},
	{"closes", "connection lost", 3, func(c net.Conn) { http.ReadRequest(bufio.NewReader(c)) }},
	{"garbage", "malformed HTTP", 1, answerText("220 mail.example ESMTP ready\r\n\r\n")},
	{"refused", "connection refused", 0, nil},
}

func answerText(text string) func(net.Conn) {
	return func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, text)
	}
}

// tunnelToNothing is a proxy whose tunnels end at a host that hangs up.
func tunnelToNothing(t *testing.T) string {
	l := listen(t)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() { defer c.Close(); answerText("HTTP/1.1 200 OK\r\n\r\n")(c) }()
		}
	}()
	return l.Addr().String()
}

// TestProxyFaults: what a proxy says, or fails to say, is told as the proxy's,
// by its address and where it is set, and never as the registry's. It says
// nothing of the image, whatever the status.
func TestProxyFaults(t *testing.T) {
	for _, row := range proxyFaults {
		for _, scheme := range []string{"http", "https"} {
			t.Run(row.name+" to "+scheme, func(t *testing.T) {
				t.Parallel()
				l := listen(t)
				var hits atomic.Int64
				go func() {
					for c, err := l.Accept(); err == nil; c, err = l.Accept() {
						hits.Add(1)
						go func() { defer c.Close(); row.answer(c) }()
					}
				}()
				if row.answer == nil {
					l.Close()
				}
				through := tunnelToNothing(t)
				proxy := &url.URL{Scheme: "http", User: url.UserPassword("worker", "tops3cret"), Host: l.Addr().String()}
				o := registry.Options{
					Anonymous: true, HeaderTimeout: 500 * time.Millisecond, Timeout: 20 * time.Second,
					Access: &access.Access{
						Places: func(repository string) ([]access.Place, error) {
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

package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxRedirects is how many redirects in a row are followed. A blob takes one.
const maxRedirects = 5

// guard stands below every request of a session, the ping and the token
// exchange included, which go-containerregistry sends by clients of its own.
// It refuses redirects that only a hostile or broken registry gives, and
// remembers the last Retry-After of a 429: go-containerregistry's errors carry
// no headers.
type guard struct {
	inner   http.RoundTripper
	host    string // of the registry, without its port
	tlsOnly bool   // the registry speaks TLS: nothing goes in the clear
	after   atomic.Int64
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if why := g.refuses(req); why != "" {
		what := "request"
		if req.Response != nil {
			what = "redirect"
		}
		return nil, &failure{state: Invalid, reason: what + " refused: " + why}
	}
	resp, err := g.inner.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		g.after.Store(int64(parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())))
	}
	return resp, err
}

// refuses tells why a request must not be sent; empty when it may.
func (g *guard) refuses(req *http.Request) string {
	from, redirects := origin(req)
	host := OneLine(from.Host)
	switch {
	case g.tlsOnly && req.URL.Scheme != "https":
		return host + " leaves TLS"
	case redirects > maxRedirects:
		return fmt.Sprintf("%s gave more than %d in a row", host, maxRedirects)
	case isInner(req.URL.Hostname()) && !isInner(g.host):
		return g.host + " leads to an address inside the local network"
	}
	return ""
}

// origin follows the redirects that led to req back to the first request.
func origin(req *http.Request) (from *url.URL, redirects int) {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
		redirects++
	}
	return req.URL, redirects
}

func isInner(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	ip = ip.Unmap()
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// fill puts the remembered Retry-After into a Throttled failure.
func (g *guard) fill(err error) error {
	var f *failure
	if errors.As(err, &f) && f.state == Throttled {
		f.retryAfter = time.Duration(g.after.Load())
	}
	return err
}

// parseRetryAfter reads a Retry-After header: seconds or an HTTP date (RFC
// 9110, section 10.2.3). What it cannot read, or what lies in the past, is 0.
func parseRetryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if s, err := strconv.ParseUint(v, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(s) * time.Second // out of range: the largest
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/vessux/openlock/internal/sanitize"
)

// maxRedirects is how many redirects in a row are followed. A blob takes one.
const maxRedirects = 5

// guard stands below every request of a session, the ping and the token
// exchange included.
// It refuses redirects that only a hostile or broken registry gives, and a
// change of protocol. It remembers the last Retry-After of a 429, and whether a
// login was asked for.
type guard struct {
	inner   http.RoundTripper
	at      place    // what it asks
	host    string   // of the registry, without its port
	tlsOnly bool     // the registry speaks TLS: nothing goes in the clear
	sealed  bool     // a login is used, which must not go in the clear
	secrets []string // of the login that is used
	proxy   func(*http.Request) (*url.URL, error)
	after   atomic.Int64
	wanted  atomic.Bool // a login or token was asked for
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if why := g.refuses(req); why != "" {
		what := "request"
		if req.Response != nil {
			what = "redirect"
		}
		f := &failure{state: StateInvalid, reason: what + " refused: " + why}
		if strings.HasSuffix(why, leadsInside) {
			f.hint = g.at.trustHint(req.URL)
		}
		return nil, f
	}
	if carriesLogin(req) && !sameSite(g.host, req.URL.Hostname()) && !g.at.trusts(req.URL) {
		return nil, &failure{state: StateDenied, withheld: true, hint: g.at.trustHint(req.URL), reason: fmt.Sprintf("its token server %s is not of %s, so the login is not sent there", sanitize.Line(req.URL.Host), g.host)}
	}
	if g.sealed && carriesLogin(req) && req.URL.Scheme != "https" {
		return nil, &failure{state: StateDenied, withheld: true, reason: sanitize.Line(req.URL.Host) + " does not speak TLS, so the login is not sent there",
			hint: "serve the registry over TLS, or mark it as insecure in the engine's configuration"}
	}
	if g.leadsOut(req) {
		req = req.WithContext(context.WithValue(req.Context(), outside{}, g.host))
	}
	resp, err := g.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode/100 == 1:
		// 101: net/http passes it on with the connection as its body, which has
		// no end and outlives every context.
		resp.Body.Close()
		return nil, &failure{state: StateInvalid, reason: fmt.Sprintf("HTTP %d %s, which no registry answers here", resp.StatusCode, http.StatusText(resp.StatusCode))}
	case resp.StatusCode == http.StatusUnauthorized:
		g.wanted.Store(true)
	case resp.StatusCode == http.StatusTooManyRequests:
		g.after.Store(int64(parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())))
	}
	return resp, nil
}

// refuses tells why a request must not be sent; empty when it may.
func (g *guard) refuses(req *http.Request) string {
	if g.repeats(req.URL) && (req.Response != nil || req.URL.Hostname() != g.host) {
		return g.host + " leads to an address that repeats the login"
	}
	from, redirects := origin(req)
	host := sanitize.Line(from.Host)
	switch {
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return host + " leads to " + sanitize.Line(req.URL.Scheme) + ", which is not HTTP"
	case g.tlsOnly && req.URL.Scheme != "https":
		return host + " leaves TLS"
	case redirects > maxRedirects:
		return fmt.Sprintf("%s gave more than %d in a row", host, maxRedirects)
	case isInner(req.URL.Hostname()) && !isInner(g.host) && !g.at.trusts(req.URL):
		return g.host + leadsInside
	}
	return ""
}

// leadsInside is the end of a refusal that the setting of trusted hosts lifts.
const leadsInside = " leads to an address inside the local network"

// outside is the key of the registry's host in the context of a request that
// must not end on this machine.
type outside struct{}

// leadsOut reports whether a request is for a host that the registry has named,
// and goes there without a proxy, which may well be on this machine.
func (g *guard) leadsOut(req *http.Request) bool {
	if strings.EqualFold(req.URL.Hostname(), g.host) || isInner(g.host) || g.at.trusts(req.URL) {
		return false
	}
	if g.proxy == nil {
		return true
	}
	proxy, err := g.proxy(req)
	return err == nil && proxy == nil
}

// refuseLocal ends a connection to this machine, or to an address at which
// clouds serve a machine's secrets, where a registry elsewhere has named the host: any name can resolve to it. Other addresses inside a network
// are let be: a company's registry keeps its layers there.
func refuseLocal(ctx context.Context, _, address string, _ syscall.RawConn) error {
	from, led := ctx.Value(outside{}).(string)
	at, err := netip.ParseAddrPort(address)
	if !led || err != nil {
		return nil
	}
	if isMachines(at.Addr()) {
		return &failure{state: StateInvalid, reason: "request refused: " + from + " leads to a name that is inside the local network"}
	}
	return nil
}

// repeats reports whether an address holds a login: the server asked there, and
// for a host every name server on the way, would be told.
func (g *guard) repeats(u *url.URL) bool {
	text := u.String() + "\x00" + u.Path + "\x00" + strings.Join(slices.Concat(slices.Collect(maps.Values(u.Query()))...), "\x00")
	return slices.ContainsFunc(g.secrets, func(s string) bool { return strings.Contains(text, s) })
}

// carriesLogin reports whether a request holds a login or a token: in its
// header, or as OAuth 2.0 has it in its form.
func carriesLogin(req *http.Request) bool {
	return req.Header.Get("Authorization") != "" || req.Method == http.MethodPost && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// sameSite reports whether two hosts are one, or below one domain that
// somebody can own: registry.example.com and auth.example.com. A registry may
// name any token server, and must not collect other people's logins by that.
func sameSite(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	siteA, errA := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	siteB, errB := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return errA == nil && errB == nil && siteA == siteB && net.ParseIP(a) == nil && net.ParseIP(b) == nil
}

// origin follows the redirects that led to req back to the first request.
func origin(req *http.Request) (from *url.URL, redirects int) {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
		redirects++
	}
	return req.URL, redirects
}

// fill puts the remembered Retry-After into a Throttled failure.
func (g *guard) fill(err error) error {
	var f *failure
	if errors.As(err, &f) && f.state == StateThrottled {
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

package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vessux/openlock/internal/sanitize"
)

// proxies send requests through the proxies that are set, and tell what these say
// or fail to say as theirs: it is no word of the registry's.
type proxies struct {
	inner    http.RoundTripper
	find     func(*http.Request) (*url.URL, error) // nil: there are none
	from     string                                // where they are set; empty: in the environment
	patience time.Duration                         // for a proxy to open a tunnel
}

// hop is the way to a registry by a proxy, for one request.
type hop struct {
	open atomic.Bool // past the proxy
	late atomic.Bool // it has not opened a tunnel in time
}

type hopKey struct{}

func (p proxies) RoundTrip(req *http.Request) (*http.Response, error) {
	if p.find == nil {
		return p.inner.RoundTrip(req)
	}
	proxy, err := p.find(req)
	if err != nil { // its text may hold the proxy's login
		return nil, &failure{state: StateUnreachable, reason: "the proxy of " + p.source(req.URL.Scheme) + " is not a URL", hint: "correct it"}
	}
	if proxy == nil {
		return p.inner.RoundTrip(req)
	}
	if req.URL.Scheme == "http" && !strings.HasPrefix(proxy.Scheme, "socks") {
		return p.relayed(req, proxy)
	}
	return p.tunnelled(req, proxy)
}

// relayed sends a request in the clear, which the proxy itself answers.
func (p proxies) relayed(req *http.Request, proxy *url.URL) (*http.Response, error) {
	resp, err := p.inner.RoundTrip(req)
	if err != nil {
		return nil, p.failed(req, proxy, err)
	}
	if !isProxys(resp) {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, p.failed(req, proxy, &statusError{status: resp.StatusCode})
}

// isProxys reports whether an answer in the clear is the proxy's own: one with a
// status that proxies use, and without a registry's marks.
func isProxys(resp *http.Response) bool {
	if resp.StatusCode == http.StatusProxyAuthRequired {
		return true
	}
	return slices.Contains([]int{http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, resp.StatusCode) &&
		resp.Header.Get("Docker-Distribution-Api-Version") == "" && mediaTypeOf(resp.Header.Get("Content-Type")) != "application/json"
}

// tunnelled sends a request by a tunnel: all that goes wrong before it is open is
// the proxy's.
func (p proxies) tunnelled(req *http.Request, proxy *url.URL) (*http.Response, error) {
	h := new(hop)
	ctx, cancel := context.WithCancel(context.WithValue(req.Context(), hopKey{}, h))
	var timer atomic.Pointer[time.Timer]
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				timer.Store(time.AfterFunc(p.patience, func() {
					if !h.open.Load() {
						h.late.Store(true)
						cancel()
					}
				}))
			}
		},
		GotConn: func(httptrace.GotConnInfo) { h.open.Store(true) },
	})
	resp, err := p.inner.RoundTrip(req.WithContext(ctx))
	if t := timer.Load(); t != nil {
		t.Stop()
	}
	if err == nil {
		return resp, nil // ctx ends with the caller's: the body is read by it
	}
	cancel()
	if h.late.Load() {
		err = context.DeadlineExceeded
	} else if h.open.Load() {
		return nil, err
	}
	return nil, p.failed(req, proxy, err)
}

// connected is called with a proxy's answer to CONNECT.
func connected(ctx context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return &statusError{status: resp.StatusCode}
	}
	if h, ok := ctx.Value(hopKey{}).(*hop); ok {
		h.open.Store(true)
	}
	return nil
}

// failed is what a proxy's failure means: the registry was not reached, for as
// long as the same failure of a registry would be.
func (p proxies) failed(req *http.Request, proxy *url.URL, err error) error {
	if f := new(failure); errors.As(err, &f) {
		return err // ours, such as a refused address
	}
	from := p.source(req.URL.Scheme)
	step := sanitize.Line(fmt.Sprintf("proxy %s://%s (%s)", proxy.Scheme, proxy.Host, from))
	hint := "check " + from + ", or except " + sanitize.Line(req.URL.Hostname()) + " from the proxy (NO_PROXY)"
	f := asFailure(failTransport(step, err))
	if e := new(statusError); errors.As(err, &e) {
		f.reason = step + ": " + e.Error()
		if e.status == http.StatusProxyAuthRequired {
			hint = "the proxy wants a login: put user and password into " + from
		}
	}
	if f.state != StateThrottled {
		f.state = StateUnreachable
	}
	f.hint = hint
	return f
}

// source names where the proxy for a scheme is set.
func (p proxies) source(scheme string) string {
	if p.from != "" {
		return p.from
	}
	upper := strings.ToUpper(scheme) + "_PROXY"
	lower := strings.ToLower(upper)
	if os.Getenv(upper) == "" && os.Getenv(lower) != "" {
		return lower
	}
	return upper
}

// proxyOf returns how a transport finds a request's proxy, nil where it has none,
// and where that is set.
func proxyOf(base http.RoundTripper) (find func(*http.Request) (*url.URL, error), from string) {
	switch t := base.(type) {
	case *http.Transport:
		return t.Proxy, ""
	case connections:
		return t.own.Proxy, t.proxyFrom
	case bounded:
		return proxyOf(t.inner)
	}
	return nil, ""
}

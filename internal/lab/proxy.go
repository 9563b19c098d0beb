package lab

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// Proxy is an HTTP proxy on loopback that leads to one handler, whatever host
// is asked for, so that no name is ever resolved.
type Proxy struct {
	server *httptest.Server
	used   atomic.Int64
}

// StartProxy starts a proxy. Requests in the clear are answered by inner;
// tunnels are led to the address tls, refused where it is empty. A status other
// than 0 is the answer to everything.
func StartProxy(inner http.Handler, tls string, status int) *Proxy {
	p := &Proxy{}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.used.Add(1)
		switch {
		case status != 0:
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(status)
		case r.Method != http.MethodConnect:
			inner.ServeHTTP(w, r)
		case tls == "":
			w.WriteHeader(http.StatusBadGateway)
		default:
			tunnel(w, tls)
		}
	}))
	return p
}

// tunnel joins a client with an address until one of them ends.
func tunnel(w http.ResponseWriter, address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
	done := make(chan struct{}, 2)
	go func() { io.Copy(to, buffered); done <- struct{}{} }()
	go func() { io.Copy(from, to); done <- struct{}{} }()
	<-done
}

// URL is the proxy's, for HTTP_PROXY and HTTPS_PROXY.
func (p *Proxy) URL() string { return p.server.URL }

// Used is how many requests and tunnels the proxy was asked for.
func (p *Proxy) Used() int64 { return p.used.Load() }

// Close ends the proxy and its tunnels.
func (p *Proxy) Close() {
	p.server.CloseClientConnections()
	p.server.Close()
}

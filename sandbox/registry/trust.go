package registry

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
)

// connections are those of a session. Only the registry itself is trusted
// without a valid certificate, and shown ours, where the engine's configuration
// says so: not its token server, and not where it redirects to.
type connections struct {
	host   string // of the registry, with its port
	own    *http.Transport
	others *http.Transport
	// proxyFrom names where the proxy is set; empty: in the environment.
	proxyFrom string
}

func (c connections) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == c.host {
		return c.own.RoundTrip(req)
	}
	return c.others.RoundTrip(req)
}

func (c connections) CloseIdleConnections() {
	c.own.CloseIdleConnections()
	c.others.CloseIdleConnections()
}

// connectionsTo returns the connections of a session with a place. Nothing is
// shared between probes, so closing the idle ones leaves none behind.
func connectionsTo(at place, o Options) connections {
	c := connections{host: at.host, own: transportFor(o), others: transportFor(o)}
	if o.Access != nil {
		c.proxyFrom = o.Access.ProxyFrom
	}
	if at.via == nil {
		return c
	}
	if len(at.via.CA) > 0 {
		roots := x509.NewCertPool()
		if system, err := x509.SystemCertPool(); err == nil {
			roots = system
		}
		for _, pem := range at.via.CA {
			roots.AppendCertsFromPEM(pem)
		}
		c.others.TLSClientConfig = &tls.Config{RootCAs: roots}
		c.own.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	if at.via.Insecure || len(at.via.Client) > 0 {
		if c.own.TLSClientConfig == nil {
			c.own.TLSClientConfig = &tls.Config{}
		}
		c.own.TLSClientConfig.InsecureSkipVerify = at.via.Insecure
		c.own.TLSClientConfig.Certificates = at.via.Client
	}
	return c
}

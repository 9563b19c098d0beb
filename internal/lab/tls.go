package lab

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vessux/openlock/internal/lab/fault"
)

// TLSFront serves a handler over TLS, HTTP/2 included, on a loopback address of
// its own, with a certificate that no machine trusts by itself.
type TLSFront struct {
	CA     []byte // PEM of the certificate to trust
	server *httptest.Server
}

// StartTLSFront starts one. With clients, it takes only connections that show a
// certificate which these, in PEM, signed. Its own is for loopback, or the one
// that is given.
func StartTLSFront(inner http.Handler, clients []byte, own ...tls.Certificate) *TLSFront {
	return startTLSFront(inner, clients, true, own...)
}

// StartHTTP1Front starts one that does not speak HTTP/2.
func StartHTTP1Front(inner http.Handler) *TLSFront { return startTLSFront(inner, nil, false) }

// StartFrames starts one that speaks HTTP/2 alone, frame by frame.
func StartFrames(s *fault.Frames) *TLSFront {
	f := &TLSFront{server: httptest.NewUnstartedServer(s.Inner)}
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.server.TLS = &tls.Config{NextProtos: []string{"h2"}}
	f.server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, c *tls.Conn, _ http.Handler) { s.Converse(c) },
	}
	return f.start()
}

func startTLSFront(inner http.Handler, clients []byte, http2 bool, own ...tls.Certificate) *TLSFront {
	f := &TLSFront{server: httptest.NewUnstartedServer(inner)}
	f.server.TLS = &tls.Config{Certificates: own}
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.server.EnableHTTP2 = http2
	if clients != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(clients)
		f.server.TLS.ClientAuth, f.server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, pool
	}
	return f.start()
}

func (f *TLSFront) start() *TLSFront {
	f.server.StartTLS()
	f.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})
	return f
}

// Host is the front's address, 127.0.0.1:PORT.
func (f *TLSFront) Host() string { return strings.TrimPrefix(f.server.URL, "https://") }

// Close ends the front.
func (f *TLSFront) Close() {
	f.server.CloseClientConnections()
	f.server.Close()
}

// ServeHTTP answers as the registry does, [Registry.Wrap] included, for another
// server in front of it.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.server.Config.Handler.ServeHTTP(w, req)
}

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
)

// TLSFront serves a handler over TLS, HTTP/2 included, on a loopback address of
// its own, with a certificate that no machine trusts by itself.
type TLSFront struct {
	CA     []byte // PEM of the certificate to trust
	server *httptest.Server
}

// StartTLSFront starts one. With clients, it takes only connections that show a
// certificate which these, in PEM, signed.
func StartTLSFront(inner http.Handler, clients []byte) *TLSFront {
	f := &TLSFront{server: httptest.NewUnstartedServer(inner)}
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.server.EnableHTTP2 = true
	if clients != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(clients)
		f.server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	}
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

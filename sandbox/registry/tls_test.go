package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/sandbox/tag"
)

// hosted is a registry over TLS under a name that is not loopback's, as hosted
// ones are: https alone. Connections to any name end at the test's servers.
type hosted struct {
	base  *http.Transport
	plain atomic.Int32 // requests that came in the clear
}

func startHosted(t *testing.T, secure http.Handler, trusted bool) *hosted {
	t.Helper()
	h := &hosted{base: transportFor(Options{}.withDefaults())}
	tlsServer := httptest.NewUnstartedServer(secure)
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0)
	tlsServer.StartTLS()
	clear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.plain.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	dial := h.base.DialContext
	h.base.Proxy = nil
	h.base.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasSuffix(addr, ":80") {
			return dial(ctx, network, clear.Listener.Addr().String())
		}
		return dial(ctx, network, tlsServer.Listener.Addr().String())
	}
	if trusted {
		roots := x509.NewCertPool()
		roots.AddCert(tlsServer.Certificate())
		h.base.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	t.Cleanup(func() {
		h.base.CloseIdleConnections()
		tlsServer.Close()
		clear.Close()
	})
	return h
}

// probe is one attempt at registry example.com, for which httptest's
// certificate is good.
func (h *hosted) probe(t *testing.T) *failure {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ref := tag.Ref{Repository: "example.com/vessux/openlock-base", Tag: "0123456789ab"}
	at, err := placeOf(ref.Repository)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(ctx, at, credential{login.Login{Username: "robot", Secret: "hunter2"}}, h.base, 3*time.Second, pull)
	if err == nil {
		err = s.walk(ctx, Query{Ref: ref, Platforms: []string{"linux/amd64"}}, &Result{})
	}
	var f *failure
	if err != nil && !errors.As(err, &f) {
		t.Fatal(err)
	}
	return f
}

func TestHosted(t *testing.T) {
	nothing := http.NotFoundHandler()
	empty := func() http.Handler {
		f, _ := fault.Named(fault.Manifest, "empty-index")
		ping := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		return fault.Handler(ping, f)
	}
	at := func(step fault.Step, to string) http.Handler {
		private := fault.Bearer(empty(), fault.Private{Logins: []fault.Login{{User: "robot", Password: "hunter2"}}})
		return fault.Handler(private, fault.Fault{Step: step, Answer: fault.RedirectTo(to)})
	}
	realm := func(realm string) http.Handler {
		return fault.Bearer(empty(), fault.Private{Realm: realm})
	}
	rows := []struct {
		name    string
		secure  http.Handler
		trusted bool
		want    State // "": the walk succeeds
		reason  string
	}{
		{"a good registry", empty(), true, "", ""},
		{"a good registry with tokens", at("", ""), true, "", ""},
		{"certificate of nobody we know", nothing, false, StateUnreachable, "TLS: "},
		{"ping redirected into the clear", at(fault.Ping, "http://example.com"), true, StateInvalid, "leaves TLS"},
		{"token redirected into the clear", at(fault.Token, "http://example.com"), true, StateInvalid, ""},
		{"tag redirected into the clear", at(fault.Manifest, "http://example.com"), true, StateInvalid, "redirect refused"},
		{"ping redirected inside the network", at(fault.Ping, "https://10.0.0.1"), true, StateInvalid, "inside the local network"},
		{"tag redirected inside the network", at(fault.Manifest, "https://169.254.169.254"), true, StateInvalid, "inside the local network"},
		{"tag redirected to this machine", at(fault.Manifest, "https://[::ffff:127.0.0.1]"), true, StateInvalid, "inside the local network"},
		{"tag redirected to a name of this machine", at(fault.Manifest, "https://storage.example.com"), true, StateInvalid, "leads to a name that is inside the local network"},
		{"token server with a name of this machine", realm("https://auth.example.com/token"), true, StateInvalid, "leads to a name that is inside the local network"},
		{"token server in the clear", realm("http://example.com/token"), true, StateInvalid, "realm scheme"},
		{"token server inside the network", realm("https://192.168.0.1/token"), true, StateInvalid, "private or link-local"},
		{"token server that is no URL", realm("://"), true, StateInvalid, "token server"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := startHosted(t, row.secure, row.trusted)
			f := h.probe(t)
			if n := h.plain.Load(); n > 0 {
				t.Errorf("%d requests in the clear", n)
			}
			switch {
			case row.want == "":
				if f != nil {
					t.Errorf("%s: %s", f.state, f.reason)
				}
			case f == nil:
				t.Errorf("no failure, want %s", row.want)
			case f.state != row.want || !strings.Contains(f.reason, row.reason):
				t.Errorf("%s: %s; want %s: …%s", f.state, f.reason, row.want, row.reason)
			}
		})
	}
}

// TestTokenServerDown has words in its URL that errors have too: what happened
// decides, not how the address reads.
func TestTokenServerDown(t *testing.T) {
	f := &failure{}
	refused := &net.OpError{Op: "dial", Err: errors.New("no route to host")}
	err := errors.Join(errors.New(`Get "https://id.example/realms/redirect/www/token": `), refused)
	if !errors.As(failTransport("registry", err), &f) || f.state != StateUnreachable {
		t.Errorf("%s: %s", f.state, f.reason)
	}
}

package registry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/login"
)

// TestLoginInTheClear: a login goes in the clear to this machine, or where the
// engine's configuration says so. A registry at a private address that does not
// speak TLS may be anybody on that network, and gets none: not by itself, and
// not at a token server that it names.
func TestLoginInTheClear(t *testing.T) {
	for _, c := range []struct {
		name, host string
		via        *access.Place
		bearer     bool
		sent       bool
	}{
		{"loopback", "127.0.0.1:5000", nil, false, true},
		{"a private address", "10.1.2.3:5000", nil, false, false},
		{"a token server at a private address", "10.1.2.3:5000", nil, true, false},
		{"a private address that is said to be insecure", "10.1.2.3:5000", &access.Place{Insecure: true}, false, true},
	} {
		for _, secret := range []string{"hunter2", "abc"} { // a short one is a login too
			t.Run(c.name+", "+secret, func(t *testing.T) {
				var sent atomic.Bool
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Authorization") != "" {
						sent.Store(true)
						return
					}
					want := `Basic realm="x"`
					if c.bearer {
						want = `Bearer realm="http://` + c.host + `/token"`
					}
					w.Header().Set("WWW-Authenticate", want)
					w.WriteHeader(http.StatusUnauthorized)
				}))
				defer s.Close()
				base := transportFor(Options{}.withDefaults())
				defer base.CloseIdleConnections()
				base.Proxy = nil
				base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
				}
				at := place{host: c.host, path: "a/b", via: c.via}
				l := credential{login.Login{Username: "robot", Secret: secret}}
				session, err := open(t.Context(), at, l, base, 3*time.Second, pull)
				if err == nil {
					_, err = session.manifest(t.Context(), "0123456789ab", "tag")
				}
				if sent.Load() != c.sent {
					t.Errorf("the login was sent: %t, want %t (%v)", sent.Load(), c.sent, err)
				}
				if f := new(failure); !c.sent && (!errors.As(err, &f) || !f.withheld || f.state != StateDenied) {
					t.Errorf("%v, want a login that is withheld", err)
				}
			})
		}
	}
}

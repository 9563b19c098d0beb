package registry_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestTrustedHost: a token server of another site, or at an address inside the
// network, gets a login only where the settings trust it for this registry; else
// the remedy names that setting, and no other.
func TestTrustedHost(t *testing.T) {
	for name, host := range map[string]func(host string) string{
		"of another site":    func(host string) string { return strings.Replace(host, "127.0.0.1", "localhost", 1) },
		"inside the network": func(host string) string { return host },
	} {
		t.Run(name, func(t *testing.T) {
			s, tokens := start(t), start(t)
			s.push(t, children(t)...)
			at := host(tokens.host())
			both := fault.Bearer(s.real, fault.Private{Logins: known, Realm: "http://" + at + fault.TokenPath})
			s.behind(both)
			tokens.behind(both)
			writeFile(t, auths(s.host(), basic), home(t), ".docker", "config.json")
			sent := func() (n int) {
				for _, r := range tokens.requests() {
					if r.Authorization == "Basic "+basic {
						n++
					}
				}
				return n
			}
			remedy := "set trust-host to " + s.host() + "=" + at
			for _, trust := range []map[string][]string{nil, {"other.example": {at}}, {s.host(): {"other.example"}}} {
				o := registry.Options{TrustHosts: trust}
				res := probePrivate(t, s, o)
				if res.State == registry.StateComplete || !strings.HasSuffix(res.Hint, remedy) || strings.Contains(res.Hint+strings.Join(res.Warnings, ""), "sign in") {
					t.Errorf("%v: %+v", trust, res)
				}
				_, err := registry.OpenWriter(t.Context(), s.ref().Repository, o)
				if e := new(registry.Error); !errors.As(err, &e) || !strings.HasSuffix(e.Remedy, remedy) {
					t.Errorf("%v: a writer: %v", trust, err)
				}
				if n := sent(); n > 0 {
					t.Errorf("%v: the login was sent %d times", trust, n)
				}
			}
			o := registry.Options{TrustHosts: map[string][]string{s.host(): {"other.example", at}}}
			expect(t, probePrivate(t, s, o), registry.StateComplete)
			w, err := registry.OpenWriter(t.Context(), s.ref().Repository, o)
			if err != nil {
				t.Fatal(err)
			}
			w.Close()
			if sent() == 0 {
				t.Error("the login was not sent")
			}
		})
	}
}

package registry

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
)

// TestLeadsOut: an address that the registry named is watched at the dial
// unless a proxy stands between, which may be on this machine.
func TestLeadsOut(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "127.0.0.1:3128"}
	answer := func(u *url.URL, err error) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return u, err }
	}
	for _, c := range []struct {
		name, host, to string
		proxy          func(*http.Request) (*url.URL, error)
		want           bool
	}{
		{"another host", "registry.example", "layers.example", nil, true},
		{"another host, and no proxy for it", "registry.example", "layers.example", answer(nil, nil), true},
		{"another host through a proxy", "registry.example", "layers.example", answer(proxy, nil), false},
		{"another host with a broken proxy", "registry.example", "layers.example", answer(nil, errors.New("no URL")), false},
		{"the registry itself", "registry.example", "Registry.example", nil, false},
		{"a registry inside", "10.0.0.1", "layers.example", nil, false},
	} {
		g := &guard{host: c.host, proxy: c.proxy}
		req, err := http.NewRequest(http.MethodGet, "https://"+c.to+"/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.leadsOut(req); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestTrustedInside: of the addresses inside the network that a registry leads
// to, those that the settings name are asked; the remedy names the setting.
func TestTrustedInside(t *testing.T) {
	g := &guard{host: "registry.example", at: place{host: "registry.example", path: "a", trusted: &trusted{[]string{"10.0.0.7", "10.0.0.8:8443", "Layers.example"}}}}
	for to, trusts := range map[string]bool{"10.0.0.7": true, "10.0.0.7:99": true, "10.0.0.8:8443": true, "10.0.0.8": false, "10.0.0.9": false, "layers.example": true} {
		req, err := http.NewRequest(http.MethodGet, "https://"+to+"/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if trusts {
			if why := g.refuses(req); why != "" || g.leadsOut(req) {
				t.Errorf("%s: %q, leads out: %t", to, why, g.leadsOut(req))
			}
			continue
		}
		_, err = g.RoundTrip(req)
		if f := new(failure); !errors.As(err, &f) || f.hint != "if you trust "+to+" as you do registry.example, set trust-host to registry.example="+to {
			t.Errorf("%s: %v", to, err)
		}
	}
}

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

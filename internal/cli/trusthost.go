package cli

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// setTrustHosts reads REGISTRY=HOST, separated by commas.
func setTrustHosts(s *Settings, v value) error {
	hosts := map[string][]string{}
	for _, pair := range strings.Split(v.text, ",") {
		at, host, found := strings.Cut(pair, "=")
		if !found || !isHost(at) || !isHost(host) {
			return &UsageError{
				Err:    fmt.Errorf("trusted host %q: want REGISTRY=HOST, each with or without a port", pair),
				Remedy: "such as registry.example.com=auth.example.net; the hint of a refusal has the whole value",
			}
		}
		if !slices.Contains(hosts[at], host) {
			hosts[at] = append(hosts[at], host)
		}
	}
	s.Registry.TrustHosts = hosts
	return nil
}

// isHost reports whether text is host or host:port of a URL and nothing else.
func isHost(text string) bool {
	u, err := url.Parse("//" + text)
	return err == nil && text != "" && u.Host == text && u.Hostname() != "" && !strings.ContainsAny(text, "* %=")
}

package cli

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vessux/openlock/sandbox/tag"
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
		// Of another form, it would be no repository's, and do nothing.
		if err := tag.CheckRepository(at + "/library/image"); err != nil {
			return &UsageError{
				Err:    fmt.Errorf("trusted host %q: %s is not a registry as repositories name it", pair, at),
				Remedy: "write the registry as a repository begins: in lower case, and docker.io for Docker Hub",
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

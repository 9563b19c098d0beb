package registry

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
)

// trusted are hosts that may be asked, and get the login, as a registry itself;
// nil: there are none.
type trusted struct{ hosts []string }

// placeAt is [placeOf], with the hosts that are trusted as the registry is.
func (o Options) placeAt(repository string) (place, error) {
	at, err := placeOf(repository)
	if hosts := o.TrustHosts[at.registry()]; err == nil && len(hosts) > 0 {
		at.trusted = &trusted{hosts}
	}
	return at, err
}

// registry is the host by which settings name the place.
func (p place) registry() string {
	host, _, _ := strings.Cut(p.repository(), "/")
	return host
}

// trusts reports whether the owner of the settings trusts the host of an address
// as the registry itself: with its login, and inside the network.
func (p place) trusts(u *url.URL) bool {
	return p.trusted != nil && slices.ContainsFunc(p.trusted.hosts, func(host string) bool {
		return strings.EqualFold(host, u.Host) || strings.EqualFold(host, u.Hostname())
	})
}

// trustHint names the setting that has a host trusted.
func (p place) trustHint(u *url.URL) string {
	return fmt.Sprintf("if you trust %[2]s as you do %[1]s, set trust-host to %[1]s=%[2]s", p.registry(), sanitize.Line(u.Host))
}

package registry

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/sandbox/tag"
)

// hub is the host that answers for docker.io, and the one that logins for it
// are stored under.
const hub = "index.docker.io"

// place is where a repository is: its registry, and its path there.
type place struct {
	host string // with its port, where it has one
	path string
	via  *access.Place // nil: not by an engine's configuration
	*trusted
}

func placeOf(repository string) (place, error) {
	if err := tag.CheckRepository(repository); err != nil {
		return place{}, err
	}
	host, path, _ := strings.Cut(repository, "/")
	if u, err := url.Parse("//" + host); err != nil || u.Host != host {
		return place{}, fmt.Errorf("repository %q: host %q is not one of a URL", repository, host)
	}
	if host == "docker.io" {
		host = hub
	}
	if host == hub && !strings.Contains(path, "/") {
		return place{}, fmt.Errorf("repository %q: an image without an owner is docker.io/library/%s", repository, path)
	}
	return place{host: host, path: path}, nil
}

// String returns the repository as messages name it.
func (p place) String() string { return p.host + "/" + p.path }

// repository is the name under which an engine has its settings and logins.
func (p place) repository() string {
	if p.host == hub {
		return "docker.io/" + p.path
	}
	return p.host + "/" + p.path
}

// scope is what a token is asked for, by the token protocol of registries.
func (p place) scope(actions string) string { return "repository:" + p.path + ":" + actions }

// mayBeClear reports whether a registry may speak in the clear: those on this
// machine do, and many at an IPv4 address of a private network.
func (p place) mayBeClear() bool {
	if p.via != nil {
		return p.via.Insecure
	}
	ip, _ := netip.ParseAddr(hostname(p.host))
	return p.onLoopback() || ip.Is4() && ip.IsPrivate()
}

// takesClearLogins reports whether a registry that speaks in the clear is sent
// logins so: on this machine, or where the engine's configuration says so.
// Elsewhere on a network, a machine between can suppress TLS and listen.
func (p place) takesClearLogins() bool {
	return p.onLoopback() || p.via != nil && p.via.Insecure
}

func (p place) onLoopback() bool {
	name := hostname(p.host)
	return strings.HasPrefix(p.host, "localhost:") || strings.HasSuffix(name, ".localhost") ||
		name == "127.0.0.1" || name == "::1"
}

func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }

// sameServer reports whether two hosts are one at one port, by a scheme.
func sameServer(a, b, scheme string) bool {
	full := func(host string) string {
		if port := (&url.URL{Host: host}).Port(); port != "" {
			return net.JoinHostPort(hostname(host), port)
		}
		return net.JoinHostPort(hostname(host), map[string]string{"http": "80", "https": "443"}[scheme])
	}
	return full(a) == full(b)
}

package docker

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/internal/registriesconf"
)

var _ access.Engine = (*docker)(nil)

// info is what the daemon tells of how it reaches registries (Docker Engine
// API, GET /info).
type info struct {
	RegistryConfig struct {
		InsecureRegistryCIDRs []string
		IndexConfigs          map[string]struct{ Secure bool }
		Mirrors               []string // of Docker Hub, as URLs
	}
	HTTPProxy       string `json:"HttpProxy"`
	HTTPSProxy      string `json:"HttpsProxy"`
	NoProxy         string
	SecurityOptions []string
}

// Access asks the daemon for its registries and proxies. Logins are the docker
// program's. A daemon that does not tell is taken for one without settings.
func (d *docker) Access(ctx context.Context) *access.Access {
	finder := &login.Finder{Machine: login.Host(), Engine: login.Docker}
	a := &access.Access{Logins: finder.Find}
	if !d.endpoint.here() {
		a.Differs = "docker's daemon is on another machine"
	}
	body, err := d.ask(ctx, "/info", "info", "--format", "{{json .}}")
	var i info
	if err != nil || json.Unmarshal(body, &i) != nil {
		return a
	}
	if set := i.HTTPProxy != "" || i.HTTPSProxy != ""; set || d.endpoint.here() {
		// A daemon of this machine without a proxy uses none: the shell's is not its.
		c := httpproxy.Config{HTTPProxy: i.HTTPProxy, HTTPSProxy: i.HTTPSProxy, NoProxy: i.NoProxy}
		find := c.ProxyFunc()
		a.ProxyFrom = "the settings of docker's daemon"
		a.Proxy = func(req *http.Request) (*url.URL, error) { return find(req.URL) }
		if set && a.Differs == "" {
			a.Differs = "docker's daemon uses a proxy of its own"
		}
	}
	a.Places = func(repository, _ string) ([]access.Place, error) { return d.places(i, repository) }
	return a
}

// hub is the one registry that docker knows mirrors of.
const hub = "docker.io"

// places lists where the daemon looks for a repository: mirrors of Docker Hub
// before it, others at once. Mirrors get no login.
func (d *docker) places(i info, repository string) ([]access.Place, error) {
	host, path, _ := strings.Cut(repository, "/")
	var all []access.Place
	if host == hub || host == "index."+hub {
		for _, mirror := range i.RegistryConfig.Mirrors {
			u, err := url.Parse(mirror)
			if err != nil || u.Host == "" {
				continue
			}
			all = append(all, access.Place{
				Repository: u.Host + strings.TrimSuffix(u.Path, "/") + "/" + path, Mirror: true,
				Insecure: u.Scheme == "http" || i.insecure(u.Host),
			})
		}
	}
	all = append(all, access.Place{Repository: repository, Insecure: i.insecure(host)})
	if !d.endpoint.here() {
		return all, nil // certificates are on the daemon's machine
	}
	machine := registriesconf.Host()
	for k, p := range all {
		at, _, _ := strings.Cut(p.Repository, "/")
		c, err := machine.DockerCertificates(at, slices.Contains(i.SecurityOptions, "name=rootless"))
		if err != nil {
			return nil, err
		}
		all[k].CA, all[k].Client = c.CA, c.Client
	}
	return all, nil
}

// insecure reports whether the daemon accepts any certificate of a host, and
// plain HTTP: those that its settings name, and addresses in the networks that
// they name, which have this machine's loopback among them.
func (i info) insecure(host string) bool {
	if c, named := i.RegistryConfig.IndexConfigs[host]; named {
		return !c.Secure
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" {
		name = "127.0.0.1" // what it resolves to, without asking
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(i.RegistryConfig.InsecureRegistryCIDRs, func(text string) bool {
		network, err := netip.ParsePrefix(text)
		return err == nil && network.Contains(ip)
	})
}

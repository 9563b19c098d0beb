package podman

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/internal/registriesconf"
)

var _ access.Engine = (*podman)(nil)

// Access reads podman's configuration: registries.conf, certs.d, policy.json and
// logins. Where podman is a client, its server has all of them but the logins.
func (p *podman) Access(ctx context.Context) *access.Access {
	finder := &login.Finder{Machine: login.Host(), Engine: p.logins(ctx)}
	if !p.here() {
		return &access.Access{Logins: finder.Find, Differs: "podman works on another machine"}
	}
	machine := registriesconf.Host()
	conf, err := machine.Load()
	policy, policyErr := machine.Policy()
	if err = cmp.Or(err, policyErr); err != nil {
		err = fmt.Errorf("podman pulls nothing: %w", err)
		return &access.Access{Places: func(string, string) ([]access.Place, error) { return nil, err }}
	}
	finder.CredentialHelpers = conf.CredentialHelpers
	return &access.Access{
		Logins: finder.Find,
		Places: func(repository, tag string) ([]access.Place, error) {
			if err := policy.Check(repository, tag); err != nil {
				return nil, err
			}
			all, err := places(machine, conf, repository)
			if policy.Check(repository, "") != nil {
				for i := range all {
					all[i].TagsOnly = true
				}
			}
			return all, err
		},
	}
}

// host is that of a repository, with its port.
func host(repository string) string {
	host, _, _ := strings.Cut(repository, "/")
	return host
}

// places lists where podman looks for a tag of a repository.
func places(machine registriesconf.Machine, conf *registriesconf.Config, repository string) ([]access.Place, error) {
	byTag, err := conf.Places(repository, false)
	if err != nil {
		return nil, err
	}
	byDigest, err := conf.Places(repository, true)
	if err != nil {
		return nil, err
	}
	var all []access.Place
	for _, p := range byTag {
		certificates, err := machine.PodmanCertificates(host(p.Repository))
		if err != nil {
			return nil, err
		}
		all = append(all, access.Place{
			Repository: p.Repository, Insecure: p.Insecure, CA: certificates.CA, Client: certificates.Client,
			Mirror: p.Mirror, TagsOnly: !slices.Contains(byDigest, p), File: p.File,
		})
	}
	return all, nil
}

// logins tells which podman looks for logins. Only where a variable names their
// file does its age matter, and podman has to be asked.
func (p *podman) logins(ctx context.Context) login.Engine {
	if os.Getenv("REGISTRY_AUTH_FILE") == "" && os.Getenv("DOCKER_CONFIG") == "" {
		return login.Podman
	}
	out, err := p.program.Ask(ctx, "version", "--format", "{{.Client.Version}}")
	var major, minor int
	if _, scanErr := fmt.Sscanf(string(out), "%d.%d", &major, &minor); err == nil && scanErr == nil && (major < 4 || major == 4 && minor < 4) {
		return login.OldPodman
	}
	return login.Podman
}

package decisions

import (
	"errors"

	"github.com/vessux/openlock/internal/lab"
)

// dockerSettings need no word that the origin speaks plain HTTP: docker takes
// that from loopback.
func dockerSettings() []Setting {
	all := []Setting{
		{Name: "no setting", Pulls: true, set: atOrigin()},
		{Name: "the registry by a name of loopback", Pulls: true, set: byName},
		{Name: "the origin is down", set: (*machine).dead},
		{Name: "TLS by an authority that is unknown, on loopback", Pulls: true, set: secured(nil, func(*machine, string) error { return nil })},
		{Name: "a private image and no login", set: asks(false, func(*machine, string) error { return nil })},
		{Name: "a login of docker's", Pulls: true, set: asks(false, stored(dockerFile, false))},
		{Name: "a login of podman's only", set: asks(false, stored(runFile, false))},
		{Name: "an old login, and a public image", Better: true, set: asks(true, stored(dockerFile, true))},
		{Name: "an old login of podman's before a good one of docker's", Pulls: true, set: asks(false, both(stored(runFile, true), stored(dockerFile, false)))},
		{Name: "a good login of podman's, and an old one of docker's", set: asks(false, both(stored(runFile, false), stored(dockerFile, true)))},
		{Name: "a credential helper", Pulls: true, set: asks(false, helped(dockerFile, credHelpers, "lab"))},
		{Name: "a credential store", Pulls: true, set: asks(false, helped(dockerFile, credsStore, "lab"))},
		{Name: "a credential store that is not installed, and a public image", Pulls: true, set: asks(true, helped(dockerFile, credsStore, "nowhere"))},
		{Name: "a login by the address of version 1", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return m.logins(dockerFile, false, "https://"+host+"/v1/")
		})},
		{Name: "a login for a path, which docker takes for the host's", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return m.logins(dockerFile, false, host+"/other")
		})},
		{Name: "DOCKER_AUTH_CONFIG for another host, and a login", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return errors.Join(m.authConfig(m.mirror.Host()), m.logins(dockerFile, false, host))
		})},
		{Name: "logins that are no JSON, and a public image", Pulls: true, set: asks(true, func(m *machine, _ string) error {
			return m.write(dockerFile, "{")
		})},
		{Name: "a proxy of docker's program, which is down", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.write(dockerFile, `{"proxies": {"default": {"httpProxy": "http://127.0.0.1:1", "httpsProxy": "http://127.0.0.1:1"}}}`)
		})},
		{Name: "podman's policy rejects images", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.write(".config/containers/policy.json", `{"default": [{"type": "reject"}]}`)
		})},
		{Name: "podman's registries.conf blocks the registry", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.conf("%sblocked = true\n", plain(m.host()))
		})},
	}
	all = append(all, dockerTrust()...)
	all = append(all, dockerProxies()...)
	all = append(all, dockerTransports()...)
	for i := range all {
		all[i].Engine = lab.Docker.Name
	}
	return all
}

package decisions

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// asks publishes the image at an origin that asks for a login, or takes one.
func asks(anonymous bool, rest func(m *machine, host string) error) func(*machine) error {
	return atOrigin(func(m *machine) error {
		m.private(m.origin, anonymous)
		return rest(m, m.host())
	})
}

// stored has the login, or an old one, in a file of the home.
func stored(path string, old bool) func(m *machine, host string) error {
	return func(m *machine, host string) error { return m.logins(path, old, host) }
}

// Files of logins in the home.
const (
	runFile    = "run/containers/auth.json"
	configFile = ".config/containers/auth.json"
	dockerFile = ".docker/config.json"
)

// helper puts a credential helper into PATH that has the login for one host.
func (m *machine) helper(host string) error {
	text := fmt.Sprintf("#!/bin/sh\nread -r url\ncase $url in\n%q) echo '{\"ServerURL\":\"x\",\"Username\":%q,\"Secret\":%q}' ;;\n*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n", host, login.User, login.Password)
	m.holders = append(m.holders, host)
	path := filepath.Join(m.home, "bin", "docker-credential-lab")
	if err := m.write("bin/docker-credential-lab", text); err != nil {
		return err
	}
	m.env = append(m.env, "PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return os.Chmod(path, 0o700)
}

// helped has helpers for the host in a file: the one that works, or one that
// is not installed.
func helped(path, format string, name string) func(m *machine, host string) error {
	return func(m *machine, host string) error {
		return errors.Join(m.helper(host), m.write(path, fmt.Sprintf(format, host, name)))
	}
}

const (
	credHelpers = `{"credHelpers": {%q: %q}}`
	credsStore  = `{"auths": {%q: {}}, "credsStore": %q}`
)

func both(fs ...func(m *machine, host string) error) func(m *machine, host string) error {
	return func(m *machine, host string) error {
		var errs []error
		for _, f := range fs {
			errs = append(errs, f(m, host))
		}
		return errors.Join(errs...)
	}
}

func podmanLogins() []Setting {
	return []Setting{
		{Name: "a private image and no login", set: asks(false, func(*machine, string) error { return nil })},
		{Name: "a login in XDG_RUNTIME_DIR", Pulls: true, set: asks(false, stored(runFile, false))},
		{Name: "a login in ~/.config/containers", Pulls: true, set: asks(false, stored(configFile, false))},
		{Name: "a login of docker's", Pulls: true, set: asks(false, stored(dockerFile, false))},
		{Name: "a login in REGISTRY_AUTH_FILE", Pulls: true, set: asks(false, func(m *machine, host string) error {
			m.env = append(m.env, "REGISTRY_AUTH_FILE="+m.home+"/auth.json")
			return m.logins("auth.json", false, host)
		})},
		{Name: "a login for the path", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return m.logins(runFile, false, host+"/vessux")
		})},
		{Name: "a login for another path", set: asks(false, func(m *machine, host string) error {
			return m.logins(runFile, false, host+"/other")
		})},
		{Name: "an old login, and a private image", set: asks(false, stored(runFile, true))},
		{Name: "an old login, and a public image", Better: true, set: asks(true, stored(runFile, true))},
		{Name: "an old login before a good one", Better: true, set: asks(false, both(stored(runFile, true), stored(dockerFile, false)))},
		{Name: "DOCKER_CONFIG without a file of logins", Better: true, Newer: true, set: atOrigin(func(m *machine) error {
			m.env = append(m.env, "DOCKER_CONFIG="+m.home+"/.docker")
			return nil
		})},
		{Name: "REGISTRY_AUTH_FILE that does not exist, and a public image", Better: true, Newer: true, set: asks(true, func(m *machine, _ string) error {
			m.env = append(m.env, "REGISTRY_AUTH_FILE="+m.home+"/auth.json")
			return nil
		})},
		{Name: "REGISTRY_AUTH_FILE that does not exist, and a login elsewhere", set: asks(false, func(m *machine, host string) error {
			m.env = append(m.env, "REGISTRY_AUTH_FILE="+m.home+"/auth.json")
			return m.logins(runFile, false, host)
		})},
		{Name: "DOCKER_AUTH_CONFIG, which podman does not read", set: asks(false, func(m *machine, host string) error {
			return m.authConfig(host)
		})},
		{Name: "a login by the address of version 1", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return m.logins(dockerFile, false, "https://"+host+"/v1/")
		})},
		{Name: "a credential helper", Pulls: true, set: asks(false, helped(runFile, credHelpers, "lab"))},
		{Name: "a credential helper that is not installed, and a public image", Better: true, set: asks(true, helped(runFile, credHelpers, "nowhere"))},
		{Name: "a credential helper of registries.conf", Pulls: true, set: asks(false, func(m *machine, host string) error {
			return errors.Join(m.helper(host), m.conf("credential-helpers = [\"lab\"]\n%s", plain(host)))
		})},
		{Name: "a credential helper that is not installed, before a good login", Better: true, set: asks(false, both(helped(runFile, credHelpers, "nowhere"), stored(dockerFile, false)))},
		{Name: "a credential helper that hangs, before a good login", Better: true, set: asks(false, both(hangs, stored(dockerFile, false)))},
		{Name: "logins that are no JSON, before a good login", Better: true, set: asks(false, both(noJSON, stored(dockerFile, false)))},
		{Name: "logins that are no JSON, and a public image", Better: true, set: asks(true, noJSON)},
	}
}

func noJSON(m *machine, _ string) error { return m.write(runFile, "{") }

// hangs has a helper for the host that gives no answer in time.
func hangs(m *machine, host string) error {
	err := helped(runFile, credHelpers, "lab")(m, host)
	return errors.Join(err, os.WriteFile(filepath.Join(m.home, "bin", "docker-credential-lab"), []byte("#!/bin/sh\nexec sleep 5\n"), 0o700))
}

// authConfig has the login in DOCKER_AUTH_CONFIG.
func (m *machine) authConfig(host string) error {
	m.holders = append(m.holders, host)
	auth := base64.StdEncoding.EncodeToString([]byte(login.User + ":" + login.Password))
	m.env = append(m.env, fmt.Sprintf(`DOCKER_AUTH_CONFIG={"auths": {%q: {"auth": %q}}}`, host, auth))
	return nil
}

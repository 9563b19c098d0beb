package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// noLogins is a directory of settings with which an engine finds no login for
// a registry, wherever one is stored.
type noLogins struct{ dir string }

func newNoLogins() (noLogins, error) {
	dir, err := os.MkdirTemp("", "openlock-nologin-")
	return noLogins{dir}, err
}

func (n noLogins) remove() { os.RemoveAll(n.dir) }

// authfile writes a file that podman takes a login from which is none: a
// password of no user, which is sent to no token server. An empty file is not
// enough: podman before 4.4 goes on to its other files where one has no entry
// for the registry.
func (n noLogins) authfile(ref string) (path string, err error) {
	const nobody = "Ong=" // ":x"
	return n.write("auth.json", map[string]any{"auths": entry(ref, map[string]string{"auth": nobody})})
}

// dockerConfig writes docker's config.json with an empty entry for the
// registry: docker asks the machine's key ring where a config says nothing.
func (n noLogins) dockerConfig(ref, context string) error {
	c := map[string]any{"auths": entry(ref, struct{}{})}
	if context != "" {
		c["currentContext"] = context
	}
	_, err := n.write("config.json", c)
	return err
}

// entry is a file's part for the registry of a ref.
func entry(ref string, login any) map[string]any {
	host, _, _ := strings.Cut(ref, "/")
	return map[string]any{host: login}
}

func (n noLogins) write(name string, content any) (path string, err error) {
	b, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	path = filepath.Join(n.dir, name)
	return path, os.WriteFile(path, b, 0o600)
}

// noLogin is a credential helper without a login, by the protocol of
// docker-credential-helpers.
const noLogin = `#!/bin/sh
case "$1" in
list) echo '{}' ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`

// helpers returns the variable by which an engine finds credential helpers
// without logins in place of those in PATH. A registries.conf can name helpers,
// which podman asks whatever its file of logins says. On Windows, where podman
// is a client of a machine's, helpers are not replaced.
func (n noLogins) helpers() (env []string, err error) {
	if runtime.GOOS == "windows" {
		return nil, nil
	}
	path := os.Getenv("PATH")
	for _, dir := range filepath.SplitList(path) {
		found, err := filepath.Glob(filepath.Join(globQuote(dir), "docker-credential-*"))
		if err != nil {
			return nil, err
		}
		for _, helper := range found {
			mine := filepath.Join(n.dir, filepath.Base(helper))
			if err := os.WriteFile(mine, []byte(noLogin), 0o700); err != nil {
				return nil, err
			}
			if _, err := exec.LookPath(mine); err != nil {
				return nil, fmt.Errorf("credential helpers cannot be kept from the engine: files in %s cannot be executed: %w", n.dir, errors.Unwrap(err))
			}
		}
	}
	return []string{"PATH=" + n.dir + string(filepath.ListSeparator) + path}, nil
}

// globQuote quotes what a directory's name has of a pattern.
func globQuote(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

package podman

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
)

// authfile writes a file that podman takes a login from: that of the options, or
// one that is none: a
// password of no user, which is sent to no token server. An empty file is not
// enough: podman before 4.4 goes on to its other files where one has no entry
// for the registry.
func authfile(n driver.NoLogins, ref string, o engine.PullOptions) (path string, err error) {
	const noUser = "Ong=" // ":x"
	return n.Write("auth.json", map[string]any{"auths": driver.Entry(ref, o, map[string]string{"auth": noUser})})
}

// noLogin is a credential helper without a login, by the protocol of
// docker-credential-helpers.
const noLogin = `#!/bin/sh
case "$1" in
list) echo '{}' ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`

// helpers returns the variable by which podman finds credential helpers
// without logins in place of those in PATH. A registries.conf can name helpers,
// which podman asks whatever its file of logins says. On Windows, where podman
// is a client of a machine's, helpers are not replaced.
func helpers(n driver.NoLogins) (env []string, err error) {
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
			mine := filepath.Join(n.Dir, filepath.Base(helper))
			if err := os.WriteFile(mine, []byte(noLogin), 0o700); err != nil {
				return nil, err
			}
			if _, err := exec.LookPath(mine); err != nil {
				return nil, fmt.Errorf("credential helpers cannot be kept from the engine: files in %s cannot be executed: %w", n.Dir, errors.Unwrap(err))
			}
		}
	}
	return []string{"PATH=" + n.Dir + string(filepath.ListSeparator) + path}, nil
}

// globQuote quotes what a directory's name has of a pattern.
func globQuote(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

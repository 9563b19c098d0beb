package driver

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/vessux/openlock/sandbox/engine"
)

// NoLogins is a directory of settings with which an engine finds no login for
// a registry, wherever one is stored, or just one.
type NoLogins struct{ Dir string }

// NewNoLogins makes an empty directory.
func NewNoLogins() (NoLogins, error) {
	dir, err := os.MkdirTemp("", "openlock-nologin-")
	return NoLogins{dir}, err
}

// Remove removes the directory.
func (n NoLogins) Remove() { os.RemoveAll(n.Dir) }

// Write writes a file of settings as JSON.
func (n NoLogins) Write(name string, content any) (path string, err error) {
	b, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	path = filepath.Join(n.Dir, name)
	return path, os.WriteFile(path, b, 0o600)
}

// Entry is the file's part for the registry of a ref: the login of the options,
// or what stands for none.
func Entry(ref string, o engine.PullOptions, none any) map[string]any {
	host, _, _ := strings.Cut(cmp.Or(o.LoginAt, ref), "/")
	entry := none
	if l := o.Login; l != nil {
		stored := map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(l.Username + ":" + l.Secret))}
		if l.IdentityToken != "" {
			stored["identitytoken"] = l.IdentityToken
		}
		if l.RegistryToken != "" {
			stored["registrytoken"] = l.RegistryToken
		}
		entry = stored
	}
	all := map[string]any{host: entry}
	if host == "docker.io" {
		all["https://index.docker.io/v1/"] = entry // what docker calls it
	}
	return all
}

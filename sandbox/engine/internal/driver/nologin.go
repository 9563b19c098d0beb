package driver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// NoLogins is a directory of settings with which an engine finds no login for
// a registry, wherever one is stored.
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

// Entry is a file's part for the registry of a ref.
func Entry(ref string, login any) map[string]any {
	host, _, _ := strings.Cut(ref, "/")
	return map[string]any{host: login}
}

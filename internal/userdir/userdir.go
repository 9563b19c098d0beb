// Package userdir names the directories that openlock keeps for a user, by the
// XDG Base Directory Specification. It makes none of them.
package userdir

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
)

// Config is the directory of a program's configuration.
func Config(program string) (string, error) { return below(xdg.ConfigHome, "XDG_CONFIG_HOME", program) }

// Locks is the directory of the locks.
func Locks() (string, error) { return below(xdg.CacheHome, "XDG_CACHE_HOME", "openlock", "locks") }

// Images is the directory of the records of images: what would be wrong to
// lose with a cache.
func Images() (string, error) { return below(xdg.StateHome, "XDG_STATE_HOME", "openlock", "images") }

// below refuses the place in the root directory that an unset HOME leads to.
func below(dir, env string, names ...string) (string, error) {
	if os.Getenv("HOME") == "" && os.Getenv("USERPROFILE") == "" && os.Getenv(env) == "" {
		return "", fmt.Errorf("neither HOME nor %s is set", env)
	}
	return filepath.Join(append([]string{dir}, names...)...), nil
}

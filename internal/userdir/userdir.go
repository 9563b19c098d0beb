// Package userdir names the user's home, and the directories that openlock keeps
// there by the XDG Base Directory Specification. It makes none of them.
//
// It asks for each when it is needed: a library for all of them at every start
// costs more than what most verbs do.
package userdir

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
)

// base is a directory of the specification: its variable, and its place where
// that is not set, below the home or, on Windows, the local application data.
type base struct{ variable, unix, mac, windows string }

var (
	config = base{"XDG_CONFIG_HOME", ".config", "Library/Application Support", ""}
	cache  = base{"XDG_CACHE_HOME", ".cache", "Library/Caches", "cache"}
	state  = base{"XDG_STATE_HOME", ".local/state", "Library/Application Support", ""}
)

// Config is the directory of a program's configuration.
func Config(program string) (string, error) { return config.below(runtime.GOOS, os.Getenv, program) }

// Home is the user's home as the engines find it: without HOME, that of the
// account. Empty: there is none.
func Home() string {
	if home, err := os.UserHomeDir(); err == nil {
		return home
	}
	account, err := user.Current()
	if err != nil {
		return ""
	}
	return account.HomeDir
}

// Locks is the directory of the locks.
func Locks() (string, error) { return cache.below(runtime.GOOS, os.Getenv, "openlock", "locks") }

// Sigstore is the directory of Sigstore's public root.
func Sigstore() (string, error) {
	return cache.below(runtime.GOOS, os.Getenv, "openlock", "sigstore")
}

// Images is the directory of the records of images: what would be wrong to
// lose with a cache.
func Images() (string, error) { return state.below(runtime.GOOS, os.Getenv, "openlock", "images") }

// below returns a directory below the base. A path that is not absolute does not
// count, as the specification has it.
func (b base) below(goos string, getenv func(string) string, names ...string) (string, error) {
	name := filepath.Join(names...)
	if dir := getenv(b.variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, name), nil
	}
	variable, home, place := "HOME", getenv("HOME"), b.unix
	switch goos {
	case "darwin":
		place = b.mac
	case "windows":
		variable, place = "LOCALAPPDATA", b.windows
		home = cmp.Or(getenv(variable), filepath.Join(getenv("USERPROFILE"), "AppData", "Local"))
	}
	if !filepath.IsAbs(home) {
		return "", fmt.Errorf("neither %s nor %s is set to an absolute path", variable, b.variable)
	}
	return filepath.Join(home, filepath.FromSlash(place), name), nil
}

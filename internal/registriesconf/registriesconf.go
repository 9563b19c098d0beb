// Package registriesconf tells where podman and buildah fetch a repository
// from, with which certificates, and whether it may: mirrors, rewritten
// locations, blocked and insecure registries, and images that a policy rejects.
//
// It reads what containers-registries.conf(5), containers-certs.d(5) and
// containers-policy.json(5) describe, as the packages sysregistriesv2 and
// signature of go.podman.io/image do: those are in podman, and what they do
// counts where the manuals differ.
// podman 4.3 and 5.8 read these files alike. A file that podman cannot use is
// an error here too, and names the file: podman pulls nothing with it.
//
// Certificates for docker are here too, since podman reads docker's as well.
// Nothing is read before a method is called, and nothing is kept.
package registriesconf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/internal/userdir"
)

// Machine is what decides which files are read.
type Machine struct {
	Getenv func(name string) string
	Home   string // of the user; empty: none
	Root   string // goes before /etc; for tests
}

// Host returns the machine that the program runs on.
func Host() Machine { return Machine{Getenv: os.Getenv, Home: userdir.Home()} }

// Config is what all files say together.
type Config struct {
	// CredentialHelpers are asked for logins, in this order. The name
	// [AuthFiles] stands for the files of containers-auth.json(5), which are
	// all there is by default.
	CredentialHelpers []string

	registries []registry // sorted by prefix, each only once
}

// AuthFiles is the name of the files with logins among credential helpers.
const AuthFiles = "containers-auth.json"

// Load reads registries.conf and its drop-ins:
//   - CONTAINERS_REGISTRIES_CONF (or REGISTRIES_CONFIG_PATH), which must exist,
//     or ~/.config/containers/registries.conf, or /etc/containers/registries.conf,
//   - *.conf in /etc/containers/registries.conf.d, unless the user has a file,
//   - *.conf in ~/.config/containers/registries.conf.d.
//
// A later file replaces what earlier ones say of the same prefix.
func (m Machine) Load() (*Config, error) {
	file, required, dirs := m.files()
	config := Config{CredentialHelpers: []string{AuthFiles}}
	if err := config.read(file, false); err != nil && (required || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	for _, dir := range dirs {
		dropIns, err := dropIns(dir)
		if err != nil {
			return nil, err
		}
		for _, path := range dropIns {
			// A dangling link is no error.
			if err := config.read(path, true); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return &config, nil
}

func (m Machine) files() (file string, required bool, dirs []string) {
	system := m.Root + "/etc/containers/registries.conf"
	systemDir, userDir := system+".d", ""
	if m.Home != "" {
		user := filepath.Join(m.Home, ".config", "containers", "registries.conf")
		userDir = user + ".d"
		if _, err := os.Stat(user); err == nil {
			file, systemDir = user, ""
		}
	}
	if chosen := cmp.Or(m.Getenv("CONTAINERS_REGISTRIES_CONF"), m.Getenv("REGISTRIES_CONFIG_PATH")); chosen != "" {
		file, required, systemDir = chosen, true, system+".d"
	}
	dirs = slices.DeleteFunc([]string{systemDir, userDir}, func(d string) bool { return d == "" })
	return cmp.Or(file, system), required, dirs
}

// dropIns lists the files of a directory that count, in order. As podman does,
// it follows links to files, but not a link in place of the directory.
func dropIns(dir string) ([]string, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("registries.conf.d: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".conf") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// read adds a file to those before.
func (c *Config) read(path string, dropIn bool) error {
	b, err := smallfile.Read(path)
	if err != nil {
		return err
	}
	f, err := parse(b, dropIn)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c.add(f, path)
	return nil
}

// add lets a file replace what those before say.
func (c *Config) add(f *file, path string) {
	byPrefix := map[string]registry{}
	for _, r := range c.registries {
		byPrefix[r.Prefix] = r
	}
	for _, r := range f.Registries {
		r.file = path
		byPrefix[r.Prefix] = r
	}
	c.registries = nil
	for _, prefix := range slices.Sorted(maps.Keys(byPrefix)) {
		c.registries = append(c.registries, byPrefix[prefix])
	}
	switch {
	case len(f.CredentialHelpers) > 0:
		c.CredentialHelpers = f.CredentialHelpers
	case f.CredentialHelpers != nil:
		c.CredentialHelpers = []string{AuthFiles}
	}
}

package registry

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestLoginFiles holds the places against containers-auth.json(5) and docker's
// documentation.
func TestLoginFiles(t *testing.T) {
	for _, row := range []struct {
		name string
		goos string
		env  map[string]string
		home string
		want []string
	}{
		{"a user's session", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, "/home/u", []string{
			"/home/u/.docker/config.json", "/run/user/7/containers/auth.json", "/home/u/.config/containers/auth.json", "/home/u/.dockercfg"}},
		{"without a session", "linux", nil, "/home/u", []string{
			"/home/u/.docker/config.json", "/run/containers/7/auth.json", "/home/u/.config/containers/auth.json", "/home/u/.dockercfg"}},
		{"without a home", "linux", nil, "", []string{"/run/containers/7/auth.json"}},
		{"every variable", "linux", map[string]string{
			"REGISTRY_AUTH_FILE": "/a.json", "DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c"}, "/home/u", []string{
			"/a.json", "/d/config.json", "/r/containers/auth.json", "/c/containers/auth.json", "/home/u/.dockercfg"}},
		{"macOS", "darwin", map[string]string{"XDG_RUNTIME_DIR": "/r"}, "/home/u", []string{
			"/home/u/.docker/config.json", "/home/u/.config/containers/auth.json", "/home/u/.dockercfg"}},
		{"macOS with a directory of settings", "darwin", map[string]string{"XDG_CONFIG_HOME": "/c"}, "/home/u", []string{
			"/home/u/.docker/config.json", "/home/u/.config/containers/auth.json", "/c/containers/auth.json", "/home/u/.dockercfg"}},
		{"Windows without a home", "windows", nil, "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := surroundings{getenv: func(name string) string { return row.env[name] }, home: row.home, uid: 7, goos: row.goos}
			var got []string
			for _, f := range s.loginFiles() {
				got = append(got, filepath.ToSlash(f.path))
				if f.old != (filepath.Base(f.path) == ".dockercfg") {
					t.Errorf("%s: old format: %t", f.path, f.old)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}

package userdir

import (
	"os/user"
	"path/filepath"
	"runtime"
	"testing"
)

// TestPlaces: a variable counts where its path is absolute, as the
// specification has it; else each system has its own place below the home.
func TestPlaces(t *testing.T) {
	root := t.TempDir() // absolute on every system
	at := func(elem ...string) string { return filepath.Join(append([]string{root}, elem...)...) }
	for _, c := range []struct {
		name, goos string
		env        map[string]string
		base       base
		want       string // empty: an error
	}{
		{"the variable", "linux", map[string]string{"XDG_CONFIG_HOME": at("x"), "HOME": root}, config, at("x", "openlock")},
		{"the variable, without a home", "linux", map[string]string{"XDG_CACHE_HOME": at("x")}, cache, at("x", "openlock")},
		{"a relative variable", "linux", map[string]string{"XDG_CACHE_HOME": "x", "HOME": root}, cache, at(".cache", "openlock")},
		{"a relative variable, without a home", "linux", map[string]string{"XDG_CACHE_HOME": "x"}, cache, ""},
		{"no home", "linux", nil, state, ""},
		{"no home but that of another system", "linux", map[string]string{"USERPROFILE": root}, state, ""},
		{"a relative home", "linux", map[string]string{"HOME": "x"}, state, ""},
		{"config", "linux", map[string]string{"HOME": root}, config, at(".config", "openlock")},
		{"state", "freebsd", map[string]string{"HOME": root}, state, at(".local", "state", "openlock")},
		{"macOS config", "darwin", map[string]string{"HOME": root}, config, at("Library", "Application Support", "openlock")},
		{"macOS cache", "darwin", map[string]string{"HOME": root}, cache, at("Library", "Caches", "openlock")},
		{"macOS state", "darwin", map[string]string{"HOME": root}, state, at("Library", "Application Support", "openlock")},
		{"Windows config", "windows", map[string]string{"LOCALAPPDATA": root}, config, at("openlock")},
		{"Windows cache", "windows", map[string]string{"LOCALAPPDATA": root}, cache, at("cache", "openlock")},
		{"Windows, by the profile alone", "windows", map[string]string{"USERPROFILE": root}, state, at("AppData", "Local", "openlock")},
	} {
		got, err := c.base.below(c.goos, func(name string) string { return c.env[name] }, "openlock")
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// TestHome: HOME counts, and without it the account, as for podman and docker.
func TestHome(t *testing.T) {
	account, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	for home, want := range map[string]string{filepath.Join("a", "b"): filepath.Join("a", "b"), "": account.HomeDir} {
		if t.Setenv(variable, home); Home() != want {
			t.Errorf("%q: %q, want %q", home, Home(), want)
		}
	}
}

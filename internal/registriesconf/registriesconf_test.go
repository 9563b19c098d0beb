package registriesconf_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/registriesconf"
)

// machine has the files, of which the names begin with etc/ or home/.
func machine(t *testing.T, files map[string]string, env ...string) (m registriesconf.Machine, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) string {
		for _, e := range env {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return strings.ReplaceAll(value, "$DIR", dir)
			}
		}
		return ""
	}
	return registriesconf.Machine{Getenv: getenv, Home: filepath.Join(dir, "home"), Root: dir}, dir
}

const (
	system     = "etc/containers/registries.conf"
	systemDrop = "etc/containers/registries.conf.d/"
	user       = "home/.config/containers/registries.conf"
	userDrop   = "home/.config/containers/registries.conf.d/"
)

// to says that a.test is at another location.
func to(location string) string {
	return "[[registry]]\nprefix = 'a.test'\nlocation = '" + location + "'\n"
}

func TestWhichFilesCount(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		env   []string
		want  string // the location of a.test/x, and the file that says so
	}{
		{"none", nil, nil, "a.test/x"},
		{"the system's", map[string]string{system: to("s.test")}, nil, "s.test/x " + system},
		{"the user's instead of it", map[string]string{system: to("s.test"), user: to("u.test")}, nil, "u.test/x " + user},
		{"the system's drop-in", map[string]string{system: to("s.test"), systemDrop + "1.conf": to("d.test")}, nil, "d.test/x " + systemDrop + "1.conf"},
		{"the user's drop-in is the last", map[string]string{systemDrop + "9.conf": to("d.test"), userDrop + "1.conf": to("v.test")}, nil, "v.test/x " + userDrop + "1.conf"},
		{"drop-ins by name", map[string]string{systemDrop + "1.conf": to("1.test"), systemDrop + "2.conf": to("2.test")}, nil, "2.test/x " + systemDrop + "2.conf"},
		{"no system's drop-in beside the user's file", map[string]string{systemDrop + "1.conf": to("d.test"), user: ""}, nil, "a.test/x"},
		{"the user's drop-in beside the user's file", map[string]string{userDrop + "1.conf": to("v.test"), user: to("u.test")}, nil, "v.test/x " + userDrop + "1.conf"},
		{"another suffix", map[string]string{systemDrop + "1.conf.bak": to("d.test")}, nil, "a.test/x"},
		{"a directory below", map[string]string{systemDrop + "1.conf/2.conf": to("d.test")}, nil, "a.test/x"},
		{"a chosen file", map[string]string{"f": to("f.test"), user: to("u.test")}, []string{"CONTAINERS_REGISTRIES_CONF=$DIR/f"}, "f.test/x f"},
		{"drop-ins beside a chosen file", map[string]string{"f": to("f.test"), user: to("u.test"), systemDrop + "1.conf": to("d.test")}, []string{"CONTAINERS_REGISTRIES_CONF=$DIR/f"}, "d.test/x " + systemDrop + "1.conf"},
		{"the older variable", map[string]string{"f": to("f.test")}, []string{"REGISTRIES_CONFIG_PATH=$DIR/f"}, "f.test/x f"},
		{"both variables", map[string]string{"f": to("f.test"), "g": to("g.test")}, []string{"CONTAINERS_REGISTRIES_CONF=$DIR/g", "REGISTRIES_CONFIG_PATH=$DIR/f"}, "g.test/x g"},
		{"no variable for drop-ins", map[string]string{"d/1.conf": to("d.test")}, []string{"CONTAINERS_REGISTRIES_CONF_DIR=$DIR/d"}, "a.test/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, dir := machine(t, c.files, c.env...)
			config, err := m.Load()
			if err != nil {
				t.Fatal(err)
			}
			places, err := config.Places("a.test/x", false)
			if err != nil {
				t.Fatal(err)
			}
			got := places[0].Repository
			if places[0].File != "" {
				file, err := filepath.Rel(dir, places[0].File)
				if err != nil {
					t.Fatal(err)
				}
				got += " " + filepath.ToSlash(file)
			}
			if got != c.want || len(places) != 1 {
				t.Errorf("%v, want %s", places, c.want)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Run("a chosen file that is missing", func(t *testing.T) {
		m, dir := machine(t, nil, "CONTAINERS_REGISTRIES_CONF=$DIR/f")
		if _, err := m.Load(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, "f")) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a directory in place of a file", func(t *testing.T) {
		m, dir := machine(t, map[string]string{system + "/x": ""})
		if _, err := m.Load(); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, filepath.FromSlash(system))) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("links", func(t *testing.T) {
		m, dir := machine(t, map[string]string{"d/1.conf": to("d.test"), "f": to("f.test")})
		link := func(from, to string) {
			from, to = filepath.Join(dir, filepath.FromSlash(from)), filepath.Join(dir, to)
			if err := errors.Join(os.MkdirAll(filepath.Dir(from), 0o700), os.Symlink(to, from)); err != nil {
				t.Fatal(err)
			}
		}
		link(systemDrop+"1.conf", "f")
		link(systemDrop+"2.conf", "missing")
		link(strings.TrimSuffix(userDrop, "/"), "d") // podman does not follow it
		config, err := m.Load()
		if err != nil {
			t.Fatal(err)
		}
		if places, err := config.Places("a.test/x", false); err != nil || places[0].Repository != "f.test/x" {
			t.Errorf("%v, %v", places, err)
		}
	})
}

func TestCredentialHelpers(t *testing.T) {
	for _, c := range []struct {
		name         string
		main, dropIn string
		want         []string
	}{
		{"default", "", "", []string{"containers-auth.json"}},
		{"set", "credential-helpers = ['pass', 'containers-auth.json']", "", []string{"pass", "containers-auth.json"}},
		{"kept", "credential-helpers = ['pass']", "short-name-mode = 'disabled'", []string{"pass"}},
		{"replaced", "credential-helpers = ['pass']", "credential-helpers = ['ecr-login']", []string{"ecr-login"}},
		{"reset", "credential-helpers = ['pass']", "credential-helpers = []", []string{"containers-auth.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _ := machine(t, map[string]string{system: c.main, systemDrop + "1.conf": c.dropIn})
			config, err := m.Load()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(config.CredentialHelpers, c.want) {
				t.Errorf("%q, want %q", config.CredentialHelpers, c.want)
			}
		})
	}
}

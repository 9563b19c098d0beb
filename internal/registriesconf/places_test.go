package registriesconf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/registriesconf"
)

// load reads a text as the system's file.
func load(t *testing.T, text string) (*registriesconf.Config, error) {
	t.Helper()
	m, _ := machine(t, map[string]string{system: text})
	return m.Load()
}

// show writes places as the table below does: "m" is a mirror, "i" insecure.
func show(places []registriesconf.Place, err error) string {
	if blocked := (*registriesconf.BlockedError)(nil); errors.As(err, &blocked) {
		return "blocked by " + blocked.Prefix
	} else if err != nil {
		return "error"
	}
	var all []string
	for _, p := range places {
		s := p.Repository
		if p.Mirror {
			s += " m"
		}
		if p.Insecure {
			s += " i"
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestPlaces(t *testing.T) {
	const mirrors = `
[[registry]]
location = "a.test"
[[registry.mirror]]
location = "all.test/sub/"
insecure = true
[[registry.mirror]]
location = "digest.test"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tag.test"
pull-from-mirror = "tag-only"
`
	for _, c := range []struct {
		name, text, repository string
		tag, digest            string // the places; digest: where they differ
	}{
		{"nothing matches", mirrors, "b.test/x", "b.test/x", ""},
		{"mirrors", mirrors, "a.test/x/y", "all.test/sub/x/y m i, tag.test/x/y m, a.test/x/y", "all.test/sub/x/y m i, digest.test/x/y m, a.test/x/y"},
		{"mirrors by digest only", "[[registry]]\nlocation='a.test'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m.test'", "a.test/x", "a.test/x", "m.test/x m, a.test/x"},
		{"rewritten", to("b.test/c"), "a.test/x", "b.test/c/x", ""},
		{"insecure", "[[registry]]\nlocation='a.test'\ninsecure=true", "a.test/x", "a.test/x i", ""},
		{"a name is no prefix of a longer one", to("b.test"), "a.tests/x", "a.tests/x", ""},
		{"a host matches its ports", to("b.test"), "a.test:5000/x", "b.test:5000/x", ""},
		{"a whole repository", "[[registry]]\nprefix='a.test/x'\nlocation='b.test/y'", "a.test/x", "b.test/y", ""},
		{"part of a path component", "[[registry]]\nprefix='a.test/x'\nlocation='b.test/y'", "a.test/xy", "a.test/xy", ""},
		{"the longest prefix", to("b.test") + "[[registry]]\nprefix='a.test/x'\nlocation='c.test/x'", "a.test/x/y", "c.test/x/y", ""},
		{"the first of one prefix", to("b.test") + to("c.test"), "a.test/x", "b.test/x", ""},
		{"wildcard", "[[registry]]\nprefix='*.test'\ninsecure=true", "a.test:5000/x", "a.test:5000/x i", ""},
		{"wildcard, deeper", "[[registry]]\nprefix='*.test'\ninsecure=true", "b.a.test/x", "b.a.test/x i", ""},
		{"wildcard, the domain itself", "[[registry]]\nprefix='*.a.test'\ninsecure=true", "a.test/x", "a.test/x", ""},
		{"wildcard, not in paths", "[[registry]]\nprefix='*.test'\ninsecure=true", "a.example/b.test/x", "a.example/b.test/x", ""},
		{"wildcard with a location", "[[registry]]\nprefix='*.test'\nlocation='b.example'", "a.test/x", "b.example/x", ""},
		{"wildcard with a mirror", "[[registry]]\nprefix='*.test'\n[[registry.mirror]]\nlocation='m.example'", "a.test/x", "m.example/x m, a.test/x", ""},
		{"wildcards without location do not conflict", "[[registry]]\nprefix='*.test'\ninsecure=true\n[[registry]]\nprefix='*.example'\nblocked=true", "a.test/x", "a.test/x i", ""},
		{"no wildcard without a dot", "[[registry]]\nlocation='*test'\ninsecure=true", "a.test/x", "a.test/x", ""},
		{"a longer wildcard wins", "[[registry]]\nprefix='*.a.test'\ninsecure=true\n[[registry]]\nlocation='b.a'", "b.a.test/x", "b.a.test/x i", ""},
		{"blocked", "[[registry]]\nlocation='a.test'\nblocked=true", "a.test/x", "blocked by a.test", ""},
		{"blocked, with a mirror", "[[registry]]\nlocation='a.test'\nblocked=true\n[[registry.mirror]]\nlocation='m.test'", "a.test/x", "m.test/x m", ""},
		{"a blocked mirror", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='m.test'\n[[registry]]\nlocation='m.test'\nblocked=true", "a.test/x", "a.test/x", ""},
		{"a blocked prefix of another location", "[[registry]]\nprefix='a.test'\nlocation='b.test'\nblocked=true", "a.test/x", "b.test/x", ""},
		{"Docker Hub", "[[registry]]\nlocation='docker.io'\n[[registry.mirror]]\nlocation='m.test'", "docker.io/x", "m.test/library/x m, docker.io/library/x", ""},
		{"Docker Hub by its old name", "[[registry]]\nprefix='docker.io/library'\nlocation='b.test'", "index.docker.io/x", "b.test/x", ""},
		{"rewritten to no name", to("b.test/C"), "a.test/x", "error", ""},
		{"rewritten to no host", to("b"), "a.test/x", "error", ""},
		{"rewritten to a name that engines complete", to("docker.io"), "a.test/x", "error", ""},
		{"a mirror by IPv6", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='[::1]:5000'", "a.test/x", "error", ""},
		{"capitals in keys", "[[Registry]]\nLocation='a.test'\nINSECURE=true", "a.test/x", "a.test/x i", ""},
		{"unknown keys", "x=1\n[y]\nz=2\n" + to("b.test"), "a.test/x", "b.test/x", ""},
		{"a byte order mark", "\ufeff" + to("b.test"), "a.test/x", "b.test/x", ""},
		{"version 1, insecure", "[registries.insecure]\nregistries=['a.test/']", "a.test/x", "a.test/x i", ""},
		{"version 1, blocked", "[registries.block]\nregistries=['a.test']\n[registries.insecure]\nregistries=['a.test']", "a.test/x", "blocked by a.test", ""},
		{"version 1, search", "[registries.search]\nregistries=['docker.io']", "a.test/x", "a.test/x", ""},
		{"names without a host", "unqualified-search-registries=['docker.io', 'localhost:5000']\n[aliases]\nx='docker.io/library/x'\ny=''\n'v/z'='localhost/z'", "a.test/x", "a.test/x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := load(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(config.Places(c.repository, false)); got != c.tag {
				t.Errorf("by tag: %s, want %s", got, c.tag)
			}
			if c.digest == "" {
				c.digest = c.tag
			}
			if got := show(config.Places(c.repository, true)); got != c.digest {
				t.Errorf("by digest: %s, want %s", got, c.digest)
			}
		})
	}
}

func TestBlockedNamesTheFile(t *testing.T) {
	m, dir := machine(t, map[string]string{userDrop + "1.conf": "[[registry]]\nlocation='a.test'\nblocked=true"})
	config, err := m.Load()
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Places("a.test/x", false)
	if want := fmt.Sprintf("registry a.test is blocked in %s/%s1.conf", dir, userDrop); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestBrokenFilesNameThemselves(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no TOML", "x = 1\n[[registry]", "line 2: "},
		{"another type", "[[registry]]\nlocation='a.test'\ninsecure='true'", "line 3: "},
		{"a key twice", "[[registry]]\nlocation='a.test'\nlocation='b.test'", "location"},
		{"URL", to("https://b.test"), "is a URL"},
		{"URL as prefix", "[[registry]]\nprefix='http://a.test'\nlocation='b.test'", "is a URL"},
		{"nothing set", "[[registry]]\ninsecure=true", "neither location nor prefix"},
		{"prefix alone", "[[registry]]\nprefix='a.test'", `registry "a.test" has no location`},
		{"wildcard with a port", "[[registry]]\nprefix='*.a.test:5000'", "not of the form"},
		{"wildcard with a path", "[[registry]]\nlocation='*.a.test/x'", "not of the form"},
		{"mirror without location", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\ninsecure=true", "has no location"},
		{"mirror as URL", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='http://b.test'", "is a URL"},
		{"mirror rule unknown", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='b.test'\npull-from-mirror='never'", `pull-from-mirror "never"`},
		{"mirror rule of a registry", "[[registry]]\nlocation='a.test'\npull-from-mirror='all'", "belongs to a mirror"},
		{"two mirror rules", "[[registry]]\nlocation='a.test'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='b.test'\npull-from-mirror='all'", "only one is allowed"},
		{"conflict, insecure", to("b.test") + "[[registry]]\nlocation='b.test'\ninsecure=true", `conflicting "insecure"`},
		{"conflict, blocked", to("b.test") + "[[registry]]\nlocation='b.test'\nblocked=true", `conflicting "blocked"`},
		{"conflict of wildcards", "[[registry]]\nprefix='*.test'\n[[registry]]\nprefix='*.test'\nblocked=true", `conflicting "blocked"`},
		{"versions mixed", "[registries.search]\nregistries=[]\n" + to("b.test"), "mixes versions 1 and 2"},
		{"versions mixed by search", "unqualified-search-registries=[]\n[registries.block]\nregistries=['a.test']", "mixes versions 1 and 2"},
		{"versions mixed by helpers", "credential-helpers=[]\n[registries.block]\nregistries=['a.test']", "mixes versions 1 and 2"},
		{"versions mixed by mode", "short-name-mode='disabled'\n[registries.block]\nregistries=['a.test']", "mixes versions 1 and 2"},
		{"versions mixed by aliases", "[aliases]\nx='a.test/x'\n[registries.block]\nregistries=['a.test']", "mixes versions 1 and 2"},
		{"version 1, URL", "[registries.block]\nregistries=['http://a.test']", "is a URL"},
		{"short-name-mode", "short-name-mode='on'", `short-name-mode "on"`},
		{"search, no host", "unqualified-search-registries=['docker.io/library']", `"docker.io/library", which is no host`},
		{"search, IPv6", "unqualified-search-registries=['[::1]:5000']", `"[::1]:5000", which is no host`},
		{"search, URL", "unqualified-search-registries=['http://docker.io']", "is a URL"},
		{"alias with a host", "[aliases]\n'a.test/x'='b.test/x'", `alias "a.test/x"`},
		{"alias with a tag", "[aliases]\n'x:1'='b.test/x'", `alias "x:1"`},
		{"alias for no host", "[aliases]\nx='y/x'", `alias "x" stands for "y/x"`},
		{"alias for a tag", "[aliases]\nx='b.test/x:1'", `alias "x" stands for`},
	} {
		for _, file := range []string{system, systemDrop + "1.conf"} {
			t.Run(c.name+" in "+file, func(t *testing.T) {
				m, dir := machine(t, map[string]string{file: c.text})
				if file != system && strings.Contains(c.text, "[registries.") {
					c.want = "version 1"
				}
				_, err := m.Load()
				if err == nil || !strings.HasPrefix(err.Error(), dir+"/"+file+": ") || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %s: … %s", err, file, c.want)
				}
			})
		}
	}
}

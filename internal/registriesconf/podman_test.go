package registriesconf_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/registriesconf"
)

// TestPodmanGoesToThePlaces pulls an image that no registry has, so that
// podman tries every place, and compares its log with Places. $A and $B are
// registries; names below openlock.test are rewritten, and never looked up.
func TestPodmanGoesToThePlaces(t *testing.T) {
	a, b := labtest.Registry(t), labtest.Registry(t)
	store := labtest.Podman(t)
	const mirror = "\n[[registry.mirror]]\ninsecure=true\nlocation="
	for _, c := range []struct {
		name, main string
		files      map[string]string // below the home; nil: main is the one that a variable names
		repository string
		want       string // what it is about: repositories, without the rest
	}{
		{name: "nothing", repository: "$A/x", want: "$A/x"},
		{name: "insecure", main: "[[registry]]\nlocation='$A'\ninsecure=true", repository: "$A/x", want: "$A/x i"},
		{name: "mirror", main: "[[registry]]\nlocation='$A'\ninsecure=true" + mirror + "'$B/m'", repository: "$A/x", want: "$B/m/x m i, $A/x i"},
		{name: "secure mirror", main: "[[registry]]\nlocation='$A'\ninsecure=true\n[[registry.mirror]]\nlocation='$B'", repository: "$A/x", want: "$B/x m, $A/x i"},
		{name: "digest-only", main: "[[registry]]\nlocation='$A'\ninsecure=true" + mirror + "'$B/d'\npull-from-mirror='digest-only'", repository: "$A/x", want: "$A/x i"},
		{name: "tag-only", main: "[[registry]]\nlocation='$A'\ninsecure=true" + mirror + "'$B/t'\npull-from-mirror='tag-only'", repository: "$A/x", want: "$B/t/x m i, $A/x i"},
		{name: "mirror-by-digest-only", main: "[[registry]]\nlocation='$A'\ninsecure=true\nmirror-by-digest-only=true" + mirror + "'$B'", repository: "$A/x", want: "$A/x i"},
		{name: "rewritten", main: "[[registry]]\nprefix='a.openlock.test/y'\nlocation='$A/z'\ninsecure=true", repository: "a.openlock.test/y/x", want: "$A/z/x i"},
		{name: "wildcard", main: "[[registry]]\nprefix='*.openlock.test'\nlocation='$A'\ninsecure=true", repository: "b.a.openlock.test/x", want: "$A/x i"},
		{name: "longest prefix", main: "[[registry]]\nlocation='$A'\ninsecure=true\n[[registry]]\nprefix='$A/y'\nlocation='$B'\ninsecure=true", repository: "$A/y/x", want: "$B/x i"},
		{name: "the first of one prefix", main: "[[registry]]\nprefix='openlock.test'\nlocation='$A'\n[[registry]]\nprefix='openlock.test'\nlocation='$B'", repository: "openlock.test/x", want: "$A/x"},
		{name: "blocked", main: "[[registry]]\nlocation='$A'\nblocked=true", repository: "$A/x", want: "blocked by $A"},
		{name: "blocked with a mirror", main: "[[registry]]\nlocation='$A'\nblocked=true" + mirror + "'$B'", repository: "$A/x", want: "$B/x m i"},
		{name: "blocked mirror", main: "[[registry]]\nlocation='$A'\ninsecure=true" + mirror + "'$B'\n[[registry]]\nlocation='$B'\nblocked=true", repository: "$A/x", want: "$A/x i"},
		{name: "blocked prefix of another location", main: "[[registry]]\nprefix='openlock.test'\nlocation='$A'\nblocked=true", repository: "openlock.test/x", want: "$A/x"},
		{name: "Docker Hub", main: "[[registry]]\nprefix='docker.io'\nlocation='$A'\ninsecure=true", repository: "docker.io/x", want: "$A/library/x i"},
		{name: "version 1", main: "[registries.insecure]\nregistries=['$A']", repository: "$A/x", want: "$A/x i"},
		{name: "drop-in", main: "[[registry]]\nlocation='$A'", files: map[string]string{"registries.conf.d/1.conf": "[[registry]]\nlocation='$A'\ninsecure=true"}, repository: "$A/x", want: "$A/x i"},
		{name: "drop-ins by name", files: map[string]string{"registries.conf.d/2.conf": "[[registry]]\nlocation='$A'\ninsecure=true", "registries.conf.d/1.conf": "[[registry]]\nlocation='$A'\nblocked=true"}, repository: "$A/x", want: "$A/x i"},
		{name: "the user's file", files: map[string]string{"registries.conf": "[[registry]]\nlocation='$A'\ninsecure=true"}, repository: "$A/x", want: "$A/x i"},
		{name: "capitals in keys", main: "[[Registry]]\nLocation='$A'\nINSECURE=true", repository: "$A/x", want: "$A/x i"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hosts := strings.NewReplacer("$A", a.Host(), "$B", b.Host())
			m, env := podmanHome(t, store, hosts, c.main, c.files)
			config, err := m.Load()
			if err != nil {
				t.Fatal(err)
			}
			repository := hosts.Replace(c.repository)
			for ref, byDigest := range map[string]bool{":none": false, "@sha256:" + strings.Repeat("0", 64): true} {
				places, err := config.Places(repository, byDigest)
				if got, want := show(places, err), hosts.Replace(c.want); !byDigest && got != want {
					t.Errorf("%s, want %s", got, want)
				}
				var got []string
				for _, p := range places {
					got = append(got, attempt(p.Repository, p.Insecure))
				}
				if want := podmanAttempts(t, env, repository+ref, ref); !slices.Equal(got, want) {
					t.Errorf("%s: %q, but podman goes to %q", ref, got, want)
				}
			}
		})
	}
}

func attempt(repository string, insecure bool) string {
	if insecure {
		return repository + " insecure"
	}
	return repository
}

// podmanHome makes a home with the files for podman, and returns its
// environment and the same for Load.
func podmanHome(t *testing.T, store *lab.PodmanStore, hosts *strings.Replacer, main string, files map[string]string) (registriesconf.Machine, []string) {
	t.Helper()
	home, chosen := t.TempDir(), ""
	all := map[string]string{"policy.json": `{"default": [{"type": "insecureAcceptAnything"}]}`}
	maps.Copy(all, files)
	if _, ok := files["registries.conf"]; !ok {
		all["chosen.conf"], chosen = main, filepath.Join(home, ".config", "containers", "chosen.conf")
	}
	for name, text := range all {
		path := filepath.Join(home, ".config", "containers", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(hosts.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := slices.Concat(os.Environ(), store.Env)
	for _, name := range []string{"CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG"} {
		env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	}
	env = append(env, "HOME="+home)
	if chosen != "" {
		env = append(env, "CONTAINERS_REGISTRIES_CONF="+chosen)
	}
	return registriesconf.Machine{Home: home, Getenv: func(name string) string {
		if name == "CONTAINERS_REGISTRIES_CONF" {
			return chosen
		}
		return ""
	}}, env
}

var (
	tried  = regexp.MustCompile(`msg="Trying to access \\"(.*?)\\""`)
	failed = regexp.MustCompile(`msg="Accessing \\".*?\\" failed: (.*)"`)
)

// podmanAttempts pulls an image and returns where podman looked for it. The
// registries speak plain HTTP, so a secure place fails for want of TLS.
func podmanAttempts(t *testing.T, env []string, image, ref string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "podman", "--log-level=debug", "pull", image)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("podman pull %s succeeds:\n%s", image, out)
	}
	first, _, _ := strings.Cut(string(out), "Failed, retrying")
	places, errs := tried.FindAllStringSubmatch(first, -1), failed.FindAllStringSubmatch(first, -1)
	if len(places) != len(errs) || len(places) == 0 {
		t.Fatalf("podman pull %s tries %d places, of which %d fail:\n%s", image, len(places), len(errs), out)
	}
	var all []string
	for i, p := range places {
		if !strings.Contains(errs[i][1], "is blocked in") {
			all = append(all, attempt(strings.TrimSuffix(p[1], ref), !strings.Contains(errs[i][1], "HTTP response to HTTPS client")))
		}
	}
	return all
}

// TestPodmanRefusesBrokenFiles: what is an error here is one to podman.
func TestPodmanRefusesBrokenFiles(t *testing.T) {
	a := labtest.Registry(t)
	store := labtest.Podman(t)
	for _, c := range []struct {
		name, main string
		files      map[string]string
	}{
		{name: "no TOML", main: "x = 1\n[[registry]"},
		{name: "another type", main: "[[registry]]\nlocation='$A'\ninsecure='true'"},
		{name: "URL", main: "[[registry]]\nlocation='http://$A'"},
		{name: "prefix alone", main: "[[registry]]\nprefix='$A'"},
		{name: "wildcard with a port", main: "[[registry]]\nlocation='*.openlock.test:5000'"},
		{name: "mirror rule of a registry", main: "[[registry]]\nlocation='$A'\npull-from-mirror='all'"},
		{name: "mirror rule unknown", main: "[[registry]]\nlocation='$A'\n[[registry.mirror]]\nlocation='b.openlock.test'\npull-from-mirror='never'"},
		{name: "conflict", main: "[[registry]]\nlocation='$A'\n[[registry]]\nlocation='$A'\nblocked=true"},
		{name: "versions mixed", main: "[registries.search]\nregistries=['$A']\n[[registry]]\nlocation='$A'"},
		{name: "short-name-mode", main: "short-name-mode='on'"},
		{name: "search, no host", main: "unqualified-search-registries=['$A/x']"},
		{name: "alias with a host", main: "[aliases]\n'openlock.test/x'='$A/x'"},
		{name: "alias for no host", main: "[aliases]\nx='y/x'"},
		{name: "drop-in in version 1", files: map[string]string{"registries.conf.d/1.conf": "[registries.insecure]\nregistries=['$A']"}},
		{name: "rewritten to no host", main: "[[registry]]\nprefix='$A'\nlocation='b'"},
		{name: "rewritten to a short name of Docker Hub", main: "[[registry]]\nprefix='$A'\nlocation='docker.io'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, env := podmanHome(t, store, strings.NewReplacer("$A", a.Host()), c.main, c.files)
			config, err := m.Load()
			if err == nil {
				_, err = config.Places(a.Host()+"/x", false)
			}
			if err == nil || !strings.Contains(err.Error(), ".conf: ") {
				t.Errorf("error %v, want one with a file's name", err)
			}
			a.Forget()
			cmd := exec.CommandContext(t.Context(), "podman", "pull", a.Host()+"/x:none")
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			if err == nil || strings.Contains(string(out), "pinging container registry") || len(a.Requests()) > 0 {
				t.Errorf("podman reads the file: %v, %s", err, out)
			}
		})
	}
}

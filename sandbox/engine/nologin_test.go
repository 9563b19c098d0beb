//go:build linux

package engine_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/tag"
)

var basic = base64.StdEncoding.EncodeToString([]byte("robot:hunter2-hunter2"))

// realm is a token server on another host than the registry, which has every
// request without a token sent there. It gives tokens to everybody.
type realm struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string // the headers Authorization
	reqs int
}

func newRealm(t *testing.T, r *lab.Registry) *realm {
	t.Helper()
	e := &realm{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.reqs++
		if a := req.Header.Get("Authorization"); a != "" || req.Method != http.MethodGet {
			e.got = append(e.got, req.Method+" "+a)
		}
		fmt.Fprint(w, `{"token":"theirs","access_token":"theirs"}`)
	}))
	t.Cleanup(e.Close)
	at := strings.Replace(e.URL, "127.0.0.1", "localhost", 1) + fault.TokenPath
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") {
				inner.ServeHTTP(w, req)
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+at+`",service="theirs"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
	})
	return e
}

// asked reports whether it was asked since the last time, and what logins came.
func (e *realm) asked() (bool, []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	reqs, got := e.reqs, e.got
	e.reqs, e.got = 0, nil
	return reqs > 0, got
}

// place is where a login can be stored: one that an engine looks at.
type place struct {
	name, engine string
	store        func(t *testing.T, home, host string)
}

func places() []place {
	const podman, docker = "podman", "docker"
	return []place{
		{"REGISTRY_AUTH_FILE", podman, func(t *testing.T, home, host string) {
			t.Setenv("REGISTRY_AUTH_FILE", store(t, auths(host), home, "auth.json"))
		}},
		{"XDG_RUNTIME_DIR", podman, func(t *testing.T, home, host string) {
			t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
			store(t, auths(host), home, "run", "containers", "auth.json")
		}},
		{"XDG_CONFIG_HOME", podman, func(t *testing.T, home, host string) {
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "cfg"))
			store(t, auths(host), home, "cfg", "containers", "auth.json")
		}},
		{"home", podman, func(t *testing.T, home, host string) {
			store(t, auths(host), home, ".config", "containers", "auth.json")
		}},
		{"home, for a repository", podman, func(t *testing.T, home, host string) {
			store(t, auths(host+"/vessux/openlock-base"), home, ".config", "containers", "auth.json")
		}},
		{"docker's config", podman, func(t *testing.T, home, host string) {
			store(t, auths(host), home, ".docker", "config.json")
		}},
		{"DOCKER_CONFIG", podman, func(t *testing.T, home, host string) {
			t.Setenv("DOCKER_CONFIG", filepath.Join(home, "d"))
			store(t, auths(host), home, "d", "config.json")
		}},
		{"helper of docker's config", podman, func(t *testing.T, home, host string) {
			helper(t, home, "keeps")
			store(t, `{"credHelpers":{"`+host+`":"keeps"}}`, home, ".docker", "config.json")
		}},
		{"old config of docker", podman, func(t *testing.T, home, host string) {
			store(t, `{"`+host+`":{"auth":"`+basic+`"}}`, home, ".dockercfg")
		}},
		{"root's runtime directory", podman, func(t *testing.T, home, host string) {
			t.Setenv("XDG_RUNTIME_DIR", "")
			os.Unsetenv("XDG_RUNTIME_DIR")
			store(t, auths(host), labtest.RootLogin(t))
		}},
		{"helper of registries.conf", podman, func(t *testing.T, home, host string) {
			helper(t, home, "keeps")
			registriesConf(t, home, `credential-helpers = ["containers-auth.json", "keeps"]`)
		}},
		{"helper of registries.conf alone", podman, func(t *testing.T, home, host string) {
			helper(t, home, "keeps")
			registriesConf(t, home, `credential-helpers = ["keeps"]`)
		}},
		{"helper of a file beside registries.conf", podman, func(t *testing.T, home, host string) {
			helper(t, home, "keeps")
			store(t, `credential-helpers = ["keeps"]`, home, ".config", "containers", "registries.conf.d", "keeps.conf")
		}},
		{"docker's config", docker, func(t *testing.T, home, host string) {
			t.Setenv("DOCKER_CONFIG", filepath.Join(home, "d"))
			store(t, auths(host), home, "d", "config.json")
		}},
		{"store of docker's config", docker, func(t *testing.T, home, host string) {
			helper(t, home, "keeps")
			t.Setenv("DOCKER_CONFIG", filepath.Join(home, "d"))
			store(t, `{"credsStore":"keeps"}`, home, "d", "config.json")
		}},
		{"the machine's key ring", docker, func(t *testing.T, home, host string) {
			helper(t, home, "secretservice") // docker's choice where no config names one
			t.Setenv("DOCKER_CONFIG", filepath.Join(home, "d"))
		}},
	}
}

// TestIgnoreLogins: where the stored logins are to be ignored, a registry that
// names a token server elsewhere gets none, wherever they are stored.
func TestIgnoreLogins(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, said *bytes.Buffer) {
		ref, err := tag.New(r.Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
		if err != nil {
			t.Fatal(err)
		}
		pinned := ref.Repository + "@" + labtest.Publish(t, ref, "bb57c7da220a").Children["linux/amd64"]
		elsewhere := newRealm(t, r)
		for _, p := range places() {
			if p.engine != e.Name() {
				continue
			}
			t.Run(p.name, func(t *testing.T) {
				home := t.TempDir()
				t.Setenv("HOME", home)
				if p.engine == "podman" {
					t.Setenv("DOCKER_CONFIG", "")
				}
				p.store(t, home, r.Host())
				for _, ignore := range []bool{false, true} {
					said.Reset()
					ctx := labtest.Context(t, time.Minute)
					if err := e.Pull(ctx, pinned, "linux/amd64", engine.PullOptions{IgnoreLogins: ignore}); err != nil {
						t.Fatalf("%v\n%s", err, said)
					}
					asked, got := elsewhere.asked()
					if !asked || len(got) == 0 != ignore {
						t.Errorf("IgnoreLogins %t: asked for a token: %t, with logins %q", ignore, asked, got)
					}
					if err := e.Remove(ctx, pinned); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
}

func auths(key string) string { return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, key, basic) }

func store(t *testing.T, text string, elem ...string) (path string) {
	t.Helper()
	path = filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// helper puts a credential helper that has the login for every host into PATH.
func helper(t *testing.T, home, name string) {
	t.Helper()
	path := store(t, "#!/bin/sh\necho '{\"Username\":\"robot\",\"Secret\":\"hunter2-hunter2\"}'\n", home, "bin", "docker-credential-"+name)
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// registriesConf gives podman the test's registries.conf with a line before.
func registriesConf(t *testing.T, home, line string) {
	t.Helper()
	rest, err := os.ReadFile(os.Getenv("CONTAINERS_REGISTRIES_CONF"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONTAINERS_REGISTRIES_CONF", store(t, line+"\n"+string(rest), home, "registries.conf"))
}

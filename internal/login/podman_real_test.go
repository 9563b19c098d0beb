//go:build unix

package login_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/login"
)

// users is a registry that wants a login and writes down whose it gets.
type users struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func startUsers(t *testing.T) *users {
	t.Helper()
	u := &users{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		user, secret, ok := req.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="users"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.seen = append(u.seen, user+":"+secret)
		http.NotFound(w, req)
	}))
	t.Cleanup(u.Close)
	return u
}

// all returns whose logins came since the last call.
func (u *users) all() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer func() { u.seen = nil }()
	// Without a login, podman sends an empty one.
	return slices.DeleteFunc(slices.Compact(u.seen), func(s string) bool { return s == ":" })
}

// TestPodmanUsesTheFirstLogin compares with what podman sends. $H is the
// registry; files and variables are below a home.
func TestPodmanUsesTheFirstLogin(t *testing.T) {
	server := startUsers(t)
	host := server.Listener.Addr().String()
	store := labtest.Podman(t, host)
	const (
		runtime, config  = "run/containers/auth.json", ".config/containers/auth.json"
		docker, old, xdg = ".docker/config.json", ".dockercfg", "xdg/containers/auth.json"
	)
	all := map[string]string{
		runtime: auths("$H", "runtime:s"), config: auths("$H", "config:s"), xdg: auths("$H", "xdg:s"),
		docker: auths("$H", "docker:s"), old: entries("$H", "old:s"), "d/config.json": auths("$H", "d:s"), "chosen": auths("$H", "chosen:s"),
	}
	without := func(paths ...string) map[string]string {
		files := map[string]string{}
		for path, text := range all {
			if !slices.Contains(paths, path) {
				files[path] = text
			}
		}
		return files
	}
	helper := func(answer string) string { return "#!/bin/sh\necho '" + answer + "'\n" }
	for _, c := range []struct {
		name  string
		files map[string]string
		env   []string // names with paths below the home
		want  string
	}{
		{"everywhere", all, nil, "runtime:s"},
		{"not in the runtime directory", without(runtime), nil, "config:s"},
		{"docker's", without(runtime, config), nil, "docker:s"},
		{"that of 2014", without(runtime, config, docker), nil, "old:s"},
		{"XDG_CONFIG_HOME", without(runtime), []string{"XDG_CONFIG_HOME=xdg"}, "xdg:s"},
		{"REGISTRY_AUTH_FILE", all, []string{"REGISTRY_AUTH_FILE=chosen", "DOCKER_CONFIG=d"}, "chosen:s"},
		{"DOCKER_CONFIG", all, []string{"DOCKER_CONFIG=d"}, "d:s"},
		{"REGISTRY_AUTH_FILE is not the only one for 4.3", without("chosen"), []string{"REGISTRY_AUTH_FILE=empty"}, "config:s"},
		{"namespace before host", map[string]string{config: auths("$H", "h:s", "$H/n", "n:s")}, nil, "n:s"},
		{"repository before namespace", map[string]string{config: auths("$H/n/x", "r:s", "$H/n", "n:s")}, nil, "r:s"},
		{"another namespace", map[string]string{config: auths("$H/o", "o:s")}, nil, ""},
		{"an address", map[string]string{docker: auths("https://$H/v1/", "a:s")}, nil, "a:s"},
		{"an empty entry hides its parents", map[string]string{config: `{"auths":{"$H/n":{},"$H":{"auth":"` + encode("1:s") + `"}}}`, docker: auths("$H", "docker:s")}, nil, "docker:s"},
		{"user and password in the clear", map[string]string{docker: `{"auths":{"$H":{"username":"u","password":"s"}}}`}, nil, ""},
		{"a helper before logins", map[string]string{config: `{"credHelpers":{"$H":"one"},"auths":` + entries("$H", "1:s") + `}`, "docker-credential-one": helper(`{"Username":"h","Secret":"s"}`)}, nil, "h:s"},
		{"docker's credsStore", map[string]string{docker: `{"credsStore":"one"}`, "docker-credential-one": helper(`{"Username":"h","Secret":"s"}`)}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			homeWith(t, c.files, strings.NewReplacer("$H", host), c.env)
			logins, warnings := (&login.Finder{Machine: login.Host(), Engine: login.OldPodman}).Find(t.Context(), host+"/n/x")
			first := ""
			if len(logins) > 0 {
				first = logins[0].Username + ":" + logins[0].Secret
			}
			if first != c.want || len(warnings) > 0 {
				t.Errorf("%s, warnings %q; want %s", show(logins), warnings, c.want)
			}
			if got := strings.Join(pullWith(t, store, server, host), " "); got != c.want {
				t.Errorf("podman sends %q, want %q", got, c.want)
			}
		})
	}
}

// homeWith makes a home with files, selected by the environment of this process.
func homeWith(t *testing.T, files map[string]string, hosts *strings.Replacer, env []string) string {
	t.Helper()
	_, home := host(t, "exit 1")
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
	for _, e := range env {
		name, path, _ := strings.Cut(e, "=")
		t.Setenv(name, filepath.Join(home, path))
	}
	files["empty"], files["run/empty"] = "{}", "" // the runtime directory exists
	for name, text := range files {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(hosts.Replace(text)), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// pullWith pulls an image that is missing and returns whose login podman sent.
func pullWith(t *testing.T, store *lab.PodmanStore, server *users, host string) []string {
	t.Helper()
	server.all()
	cmd := exec.CommandContext(t.Context(), "podman", "pull", host+"/n/x:none")
	cmd.Env = append(os.Environ(), store.Env...)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("podman pull succeeds: %s", out)
	}
	return server.all()
}

// TestPodmanAsRootUsesItsOwnPlace is where "podman login" of root stores a
// login: no variable names it.
func TestPodmanAsRootUsesItsOwnPlace(t *testing.T) {
	server := startUsers(t)
	address := server.Listener.Addr().String()
	store := labtest.Podman(t, address)
	path := labtest.RootLogin(t)
	host(t, "exit 1")
	t.Setenv("XDG_RUNTIME_DIR", "")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(auths(address, "root:s")), 0o600)); err != nil {
		t.Fatal(err)
	}
	logins, _ := (&login.Finder{Machine: login.Host()}).Find(t.Context(), address+"/n/x")
	if got, want := show(logins), "root:s ["+address+"] "+path; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := pullWith(t, store, server, address); !slices.Equal(got, []string{"root:s"}) {
		t.Errorf("podman sends %q", got)
	}
}

//go:build unix

package login_test

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/login"
)

// daemon stands in for dockerd, which gets the login from docker's program. It
// returns an address for DOCKER_HOST, and what tells the last login.
func daemon(t *testing.T) (address string, last func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "old") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	logins := make(chan string, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("API-Version", "1.44")
		if !strings.HasSuffix(req.URL.Path, "/images/create") {
			return
		}
		logins <- req.Header.Get("X-Registry-Auth")
		w.WriteHeader(http.StatusNotFound)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "unix://" + socket, func() string {
		b, err := base64.URLEncoding.DecodeString(<-logins)
		if err != nil {
			t.Fatal(err)
		}
		var l struct{ Username, Password, IdentityToken, RegistryToken string }
		if err := json.Unmarshal(b, &l); len(b) > 0 && err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		s := show([]login.Login{{Username: l.Username, Secret: l.Password, IdentityToken: l.IdentityToken, RegistryToken: l.RegistryToken}})
		return strings.TrimSuffix(s, "[] ")
	}
}

// TestDockerUsesTheFirstLogin compares with what docker's program sends to its
// daemon. Nothing looks up the registry a.test.
func TestDockerUsesTheFirstLogin(t *testing.T) {
	labtest.Need(t, lab.Docker)
	address, last := daemon(t)
	helper := func(answer string) string { return "#!/bin/sh\necho '" + answer + "'\n" }
	const answer = `{"ServerURL":"a.test","Username":"h","Secret":"s"}`
	const docker = ".docker/config.json"
	for _, c := range []struct {
		name  string
		files map[string]string
		env   []string
		repo  string // default a.test/n/x
		want  string
	}{
		{name: "none", files: map[string]string{docker: auths("b.test", "1:s")}},
		{name: "the host", files: map[string]string{docker: auths("a.test", "1:s", "https://a.test", "2:s")}, want: "1:s "},
		{name: "an address", files: map[string]string{docker: auths("https://a.test/v1/", "1:s")}, want: "1:s "},
		{name: "a part of a registry is an address of it", files: map[string]string{docker: auths("a.test/o", "1:s")}, want: "1:s "},
		{name: "DOCKER_CONFIG", files: map[string]string{docker: auths("a.test", "1:s"), "d/config.json": auths("a.test", "2:s")}, env: []string{"DOCKER_CONFIG=d"}, want: "2:s "},
		{name: "no file of podman", files: map[string]string{docker: auths("b.test", "1:s"), ".config/containers/auth.json": auths("a.test", "1:s")}},
		{name: "user and password in the clear", files: map[string]string{docker: `{"auths":{"a.test":{"username":"u","password":"s"}}}`}, want: "u:s "},
		{name: "tokens", files: map[string]string{docker: `{"auths":{"a.test":{"identitytoken":"t","registrytoken":"r"}}}`}, want: "identity t registry r "},
		{name: "Docker Hub", files: map[string]string{docker: auths("docker.io", "1:s", "https://index.docker.io/v1/", "2:s")}, repo: "docker.io/library/x", want: "2:s "},
		{name: "Docker Hub by its host", files: map[string]string{docker: auths("docker.io", "1:s", "index.docker.io", "2:s")}, repo: "docker.io/library/x"},
		{name: "credHelpers", files: map[string]string{docker: `{"credHelpers":{"a.test":"one"},"credsStore":"two"}`, "docker-credential-one": helper(answer)}, want: "h:s "},
		{name: "credsStore", files: map[string]string{docker: `{"credsStore":"one"}`, "docker-credential-one": helper(answer)}, want: "h:s "},
		{name: "credsStore without a login hides the file's", files: map[string]string{docker: `{"credsStore":"one","auths":` + entries("a.test", "1:s") + `}`, "docker-credential-one": "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n"}},
		{name: "a missing helper does not", files: map[string]string{docker: `{"credsStore":"none","auths":` + entries("a.test", "1:s") + `}`}, want: "1:s "},
		{name: "the default helper", files: map[string]string{docker: "{}", "pass": helper(""), "docker-credential-pass": helper(answer)}, want: "h:s "},
		{name: "no default helper beside logins", files: map[string]string{docker: auths("b.test", "1:s"), "pass": helper(""), "docker-credential-pass": helper(answer)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			homeWith(t, c.files, strings.NewReplacer(), c.env)
			t.Setenv("DOCKER_HOST", address)
			t.Setenv("DOCKER_CONTEXT", "")
			if c.repo == "" {
				c.repo = "a.test/n/x"
			}
			logins, _ := (&login.Finder{Machine: login.Host(), Engine: login.Docker}).Find(t.Context(), c.repo)
			if len(logins) > 0 {
				logins[0].Key, logins[0].Source = "", ""
			}
			if got := strings.TrimSuffix(show(logins[:min(1, len(logins))]), "[] "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if out, err := exec.CommandContext(t.Context(), "docker", "pull", c.repo+":none").CombinedOutput(); err == nil {
				t.Fatalf("docker pull succeeds: %s", out)
			}
			if got := last(); got != c.want {
				t.Errorf("docker sends %q, want %q", got, c.want)
			}
		})
	}
}

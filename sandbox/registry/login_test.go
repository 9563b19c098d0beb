package registry_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

const (
	user   = "robot"
	secret = "hunter2-hunter2"
)

var (
	basic = base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
	known = []fault.Login{{User: user, Password: secret}}
)

// home gives a test directories of its own for logins.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, env := range []string{"HOME", "USERPROFILE"} {
		t.Setenv(env, dir)
	}
	for _, env := range []string{"DOCKER_CONFIG", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE"} {
		t.Setenv(env, "")
	}
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(dir, "runtime")) // else the machine's own is looked at
	return dir
}

func auths(key, auth string) string {
	return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, key, auth)
}

// private starts a registry with a complete image behind a token server.
func private(t *testing.T, p fault.Private) *server {
	t.Helper()
	s := start(t)
	s.push(t, children(t)...)
	s.behind(fault.Bearer(s.real, p))
	return s
}

// probePrivate also checks that no secret is told, and that logins reach the
// token server alone.
func probePrivate(t *testing.T, s *server, o registry.Options) *registry.Result {
	t.Helper()
	res := s.probe(t, o)
	told := fmt.Sprintf("%+v", res)
	for _, r := range s.requests() {
		if strings.HasPrefix(r.Authorization, "Basic ") && r.Step != fault.Token {
			t.Errorf("the login was sent to %s %s", r.Method, r.Path)
		}
		if token, ok := strings.CutPrefix(r.Authorization, "Bearer "); ok && strings.Contains(told, token) {
			t.Errorf("the token is told: %s", told)
		}
	}
	for _, s := range []string{secret, basic} {
		if strings.Contains(told, s) {
			t.Errorf("the secret %q is told: %s", s, told)
		}
	}
	return res
}

func TestAnonymousToken(t *testing.T) {
	checkLeaks(t)
	home(t)
	s := private(t, fault.Private{Anonymous: true})
	res := probePrivate(t, s, registry.Options{})
	expect(t, res, registry.StateComplete)
	if !res.IgnoreLogins || len(res.Warnings) > 0 {
		t.Errorf("a pull with logins, or a warning about them, where there are none: %+v", res)
	}
	if n := len(s.requests()); n > 9 {
		t.Errorf("%d requests, want ping, token, tag, two children, two configs, two layers: %v", n, s.requests())
	}
}

func TestDeniedTokenGivesRemedy(t *testing.T) {
	home(t)
	s := private(t, fault.Private{Logins: known})
	res := probePrivate(t, s, registry.Options{})
	expect(t, res, registry.StateDenied)
	if !strings.Contains(res.Hint, "podman login "+s.host()) {
		t.Errorf("hint %q names no remedy", res.Hint)
	}
	if res.IgnoreLogins {
		t.Error("nothing was found without a login")
	}
}

// TestStoredLogin finds a login wherever podman and docker keep it.
func TestStoredLogin(t *testing.T) {
	rows := []struct {
		name  string
		store func(t *testing.T, home, host string)
	}{
		{"docker config", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, basic), home, ".docker", "config.json")
		}},
		{"docker config with a URL for key", func(t *testing.T, home, host string) {
			writeFile(t, auths("https://"+host+"/v1/", basic), home, ".docker", "config.json")
		}},
		{"DOCKER_CONFIG", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, basic), home, "elsewhere", "config.json")
			t.Setenv("DOCKER_CONFIG", home+"/elsewhere")
		}},
		{"podman auth.json", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, basic), home, "run", "containers", "auth.json")
			t.Setenv("XDG_RUNTIME_DIR", home+"/run")
		}},
		{"podman auth.json beside a docker config", func(t *testing.T, home, host string) {
			writeFile(t, auths("other.example", basic), home, ".docker", "config.json")
			writeFile(t, auths(host, basic), home, ".config", "containers", "auth.json")
		}},
		{"old config of docker", func(t *testing.T, home, host string) {
			writeFile(t, `{"https://`+host+`/v1/":{"auth":"`+basic+`","email":"robot@example.com"}}`, home, ".dockercfg")
		}},
		{"podman login for a repository", func(t *testing.T, home, host string) {
			writeFile(t, auths(host+"/vessux/openlock-base", basic), home, "cfg", "containers", "auth.json")
			t.Setenv("XDG_CONFIG_HOME", home+"/cfg")
		}},
		{"podman login for a namespace before the host's", func(t *testing.T, home, host string) {
			writeFile(t, fmt.Sprintf(`{"auths":{%q:{"auth":"d3Jvbmc6d3Jvbmc="},%q:{"auth":%q}}}`, host, host+"/vessux", basic),
				home, ".config", "containers", "auth.json")
		}},
		{"REGISTRY_AUTH_FILE before all", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, "d3Jvbmc6d3Jvbmc="), home, ".docker", "config.json")
			t.Setenv("REGISTRY_AUTH_FILE", writeFile(t, auths(host, basic), home, "auth.json"))
		}},
		{"a credential helper for the host", func(t *testing.T, home, host string) {
			helper(t, home, "works", `[ "$1" = get ] && [ "$(cat)" = `+host+` ] && echo '{"Username":"`+user+`","Secret":"`+secret+`"}'`)
			writeFile(t, `{"credHelpers":{"`+host+`":"works"}}`, home, ".docker", "config.json")
		}},
		{"a credential helper that leaves a daemon with its output", func(t *testing.T, home, host string) {
			helper(t, home, "leaves", `sleep 30 & echo $! >`+home+`/pid; echo '{"Username":"`+user+`","Secret":"`+secret+`"}'`)
			writeFile(t, `{"credsStore":"leaves"}`, home, ".docker", "config.json")
			t.Cleanup(func() { stop(t, home+"/pid") })
		}},
		{"a credential helper after one that hangs", func(t *testing.T, home, host string) {
			helper(t, home, "hangs", "exec sleep 30")
			helper(t, home, "works", `echo '{"Username":"`+user+`","Secret":"`+secret+`"}'`)
			t.Setenv("REGISTRY_AUTH_FILE", writeFile(t, `{"credsStore":"hangs"}`, home, "auth.json"))
			writeFile(t, `{"credsStore":"works"}`, home, ".docker", "config.json")
		}},
		{"a login that is padded with zeros", func(t *testing.T, home, host string) {
			padded := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret + "\x00\x00"))
			writeFile(t, auths(host, padded), home, ".docker", "config.json")
		}},
		{"a credential store", func(t *testing.T, home, host string) {
			helper(t, home, "works", `echo '{"Username":"`+user+`","Secret":"`+secret+`"}'`)
			writeFile(t, `{"credsStore":"works","auths":{"`+host+`":{}}}`, home, ".docker", "config.json")
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := private(t, fault.Private{Logins: known})
			row.store(t, home(t), s.host())
			res := probePrivate(t, s, registry.Options{})
			expect(t, res, registry.StateComplete)
			if res.IgnoreLogins || len(res.Warnings) > 0 && !strings.Contains(row.name, "after one that hangs") {
				t.Errorf("a warning about a login that works: %+v", res)
			}
		})
	}
}

// stop ends the process whose ID a file holds.
// helper puts a credential helper, a shell script, first in PATH.
// TestUselessLogin never hides a public image: it is reached without, and told.
func TestUselessLogin(t *testing.T) {
	rows := []struct {
		name  string
		warns string // what the warning names
		store func(t *testing.T, home, host string)
	}{
		{"rejected", "config.json was rejected", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, base64.StdEncoding.EncodeToString([]byte("old:"+secret))), home, ".docker", "config.json")
		}},
		{"rejected from a helper", "config.json was rejected", func(t *testing.T, home, host string) {
			helper(t, home, "stale", `echo '{"Username":"old","Secret":"`+secret+`"}'`)
			writeFile(t, `{"credsStore":"stale"}`, home, ".docker", "config.json")
		}},
		{"helper missing", `docker-credential-nowhere is not in PATH`, func(t *testing.T, home, host string) {
			writeFile(t, `{"credsStore":"nowhere"}`, home, ".docker", "config.json")
		}},
		{"helper is a path", "its name is a path", func(t *testing.T, home, host string) {
			writeFile(t, `{"credsStore":"../../bin/sh"}`, home, ".docker", "config.json")
		}},
		{"helper fails", "exit status 3", func(t *testing.T, home, host string) {
			helper(t, home, "fails", "echo "+secret+"; echo "+secret+" >&2; exit 3")
			writeFile(t, `{"credsStore":"fails"}`, home, ".docker", "config.json")
		}},
		{"helper talks nonsense", "not JSON", func(t *testing.T, home, host string) {
			helper(t, home, "nonsense", "echo "+secret)
			writeFile(t, `{"credsStore":"nonsense"}`, home, ".docker", "config.json")
		}},
		{"config is no JSON", "config.json", func(t *testing.T, home, host string) {
			writeFile(t, secret, home, ".docker", "config.json")
		}},
		{"config holds a broken login", "config.json", func(t *testing.T, home, host string) {
			writeFile(t, auths(host, "%"+secret), home, ".docker", "config.json")
		}},
		{"old config is no JSON", ".dockercfg are not usable", func(t *testing.T, home, host string) {
			writeFile(t, "auth = "+secret, home, ".dockercfg")
		}},
		{"config is a directory", "config.json", func(t *testing.T, home, host string) {
			writeFile(t, "", home, ".docker", "config.json", "file")
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := private(t, fault.Private{Anonymous: true, Logins: known})
			row.store(t, home(t), s.host())
			res := probePrivate(t, s, registry.Options{})
			expect(t, res, registry.StateComplete)
			if !res.IgnoreLogins {
				t.Error("a pull would use the login that does not work")
			}
			if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], row.warns) {
				t.Errorf("warnings %q, want one that names %q", res.Warnings, row.warns)
			}
		})
	}
}

// TestHelperWithoutLogin is the rule on machines with a key ring: no warning.
// TestUnwantedLogin: where nobody asks for a login, the engine does not get it
// either. The registry could ask the engine, and name another token server.
func TestUnwantedLogin(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	writeFile(t, auths(s.host(), basic), home(t), ".docker", "config.json")
	res := s.probe(t, registry.Options{})
	expect(t, res, registry.StateComplete)
	if !res.IgnoreLogins || len(res.Warnings) > 0 {
		t.Errorf("IgnoreLogins %v, warnings %q", res.IgnoreLogins, res.Warnings)
	}
}

// TestLoginAfterUselessFile has one file of no use and another that works: the
// warning stays, and so does the login.
func TestLoginAfterUselessFile(t *testing.T) {
	s := private(t, fault.Private{Logins: known})
	dir := home(t)
	t.Setenv("REGISTRY_AUTH_FILE", writeFile(t, "{", dir, "auth.json"))
	writeFile(t, auths(s.host(), basic), dir, ".docker", "config.json")
	res := probePrivate(t, s, registry.Options{})
	expect(t, res, registry.StateComplete)
	if res.IgnoreLogins || len(res.Warnings) != 1 {
		t.Errorf("IgnoreLogins %v, warnings %q", res.IgnoreLogins, res.Warnings)
	}
}

// TestHangingHelper leaves time for the registry itself.
// TestRealmElsewhere shows where a login does not go: to a token server of
// somebody else, whatever the registry says.
func TestRealmElsewhere(t *testing.T) {
	for _, row := range []struct {
		name string
		host func(host string) string
		want registry.State
	}{
		{"by name", func(host string) string { return strings.Replace(host, "127.0.0.1", "localhost", 1) }, registry.StateDenied},
		{"by inner address", func(host string) string { return host }, registry.StateInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, tokens := start(t), start(t)
			s.push(t, children(t)...)
			p := fault.Private{Logins: known, Realm: "http://" + row.host(tokens.host()) + fault.TokenPath}
			both := fault.Bearer(s.real, p) // its tokens are valid whichever server hands them out
			s.behind(both)
			tokens.behind(both)
			writeFile(t, auths(s.host(), basic), home(t), ".docker", "config.json")
			res := probePrivate(t, s, registry.Options{})
			expect(t, res, row.want)
			if row.want == registry.StateDenied && !strings.Contains(strings.Join(res.Warnings, ""), "so the login is not sent there") {
				t.Errorf("warnings %q", res.Warnings)
			}
			var sent bool
			for _, r := range tokens.requests() {
				sent = sent || r.Authorization == "Basic "+basic
			}
			if sent {
				t.Error("the login was sent")
			}
		})
	}
}

// TestRedirectToStorage is how hosted registries give out blobs: it must work,
// and the other host must not learn the token.
func TestRedirectToStorage(t *testing.T) {
	s := private(t, fault.Private{Logins: known})
	writeFile(t, auths(s.host(), basic), home(t), ".docker", "config.json")
	var stored []http.Header
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		stored = append(stored, r.Header.Clone())
		s.mu.Unlock()
		s.real.ServeHTTP(w, r)
	}))
	t.Cleanup(storage.Close)
	for _, step := range []fault.Step{fault.Blob, fault.Child, fault.Manifest} {
		stored = nil
		front := fault.Bearer(fault.Handler(s.real, fault.Fault{Step: step, Answer: fault.RedirectTo(storage.URL)}), fault.Private{Logins: known})
		s.behind(front)
		expect(t, probePrivate(t, s, registry.Options{}), registry.StateComplete)
		if len(stored) == 0 {
			t.Errorf("%s: the storage was never asked", step)
		}
		for _, h := range stored {
			for _, name := range []string{"Authorization", "Cookie"} {
				if h.Get(name) != "" {
					t.Errorf("%s: the storage got %s: %s", step, name, h.Get(name))
				}
			}
		}
	}
}

// TestEchoedSecret is a hostile registry that repeats the login it got.
func TestEchoedSecret(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	private := fault.Bearer(s.real, fault.Private{})
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault.StepOf(r) != fault.Token {
			private.ServeHTTP(w, r)
			return
		}
		_, password, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, password, r.Header.Get("Authorization"))
	}))
	writeFile(t, auths(s.host(), basic), home(t), ".docker", "config.json")
	expect(t, probePrivate(t, s, registry.Options{}), registry.StateDenied)
}

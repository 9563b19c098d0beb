//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
)

const (
	user   = "robot"
	secret = "hunter2-hunter2"
)

var basic = base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))

// elsewhere is a server on another host that writes down what it gets. It
// hands out tokens to everybody, and has whatever it is asked for.
type elsewhere struct {
	server *httptest.Server
	mu     sync.Mutex
	got    []string
	wants  string // its challenge; empty: none
}

func (e *elsewhere) start(t *testing.T) {
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		e.mu.Lock()
		e.got = append(e.got, fmt.Sprintf("%s %s\n%v\n%s", req.Method, req.URL, req.Header, body))
		e.mu.Unlock()
		if strings.HasPrefix(req.URL.Path, fault.TokenPath) {
			fmt.Fprint(w, `{"token":"theirs","access_token":"theirs"}`)
			return
		}
		if e.wants != "" {
			w.Header().Set("WWW-Authenticate", e.wants)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.NotFound(w, req)
	}))
	t.Cleanup(e.server.Close)
}

// url names the server by a name that the registry, 127.0.0.1, does not have.
func (e *elsewhere) url() string {
	return strings.Replace(e.server.URL, "127.0.0.1", "localhost", 1)
}

func (e *elsewhere) asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got
}

// gotLogin returns a request that something of a login came with; empty: none.
func (e *elsewhere) gotLogin() string {
	for _, got := range e.asked() {
		for _, word := range []string{secret, basic, "Authorization:[Basic", "password="} {
			if strings.Contains(got, word) {
				return got
			}
		}
	}
	return ""
}

// signIn stores a login for the registry, for openlock and the engine.
func (s *scene) signIn(t *testing.T) {
	t.Helper()
	s.store(t, fmt.Sprintf(`"auth":%q`, basic))
}

func (s *scene) store(t *testing.T, login string) {
	t.Helper()
	file := write(t, "auth.json", fmt.Sprintf(`{"auths":{%q:{%s}}}`, s.registry.Host(), login))
	s.vars = append(s.vars, "REGISTRY_AUTH_FILE="+file)
}

// storeAt stores logins in a home of the scene's own, at a path below it.
func (s *scene) storeAt(t *testing.T, path, text string) (home string) {
	t.Helper()
	home = t.TempDir()
	path = filepath.Join(home, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	s.vars = append(s.vars, "HOME="+home)
	return home
}

// helper stores the login in a credential helper that podman's settings name.
func (s *scene) helper(t *testing.T) {
	t.Helper()
	home := s.storeAt(t, "bin/docker-credential-keeps", fmt.Sprintf("#!/bin/sh\necho '{\"Username\":%q,\"Secret\":%q}'\n", user, secret))
	env, err := s.podman.Registries(home, s.registry.Host())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "registries.conf")
	hosts, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("credential-helpers = [\"keeps\"]\n"), hosts...), 0o600); err != nil {
		t.Fatal(err)
	}
	s.vars = append(s.vars, env, "PATH="+strings.Join([]string{s.dir, filepath.Join(home, "bin"), os.Getenv("PATH")}, string(os.PathListSeparator)))
}

// tokensElsewhere has a token server that sends everybody on to another host.
func (s *scene) tokensElsewhere() {
	s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
		switch {
		case req.URL.Path == fault.TokenPath:
			fault.RedirectTo(s.url())(w, req, inner)
		case req.Header.Get("Authorization") != "Bearer theirs":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+req.Host+fault.TokenPath+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			return false
		}
		return true
	})
}

// challenge wants a token of a server, from those who ask without one.
func (s *scene) challenge(who func(*http.Request) bool, realm string) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
		if !who(req) || strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="theirs"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
}

// otherRealm wants tokens of its own of us, and of another host of the engine.
func (s *scene) otherRealm(p fault.Private) {
	s.front = func(inner http.Handler) http.Handler {
		ours := fault.Bearer(inner, p)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			switch {
			case !engine(req):
				ours.ServeHTTP(w, req)
			case !strings.HasPrefix(req.Header.Get("Authorization"), "Bearer "):
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.url()+fault.TokenPath+`",service="theirs"`)
				w.WriteHeader(http.StatusUnauthorized)
			default:
				inner.ServeHTTP(w, req)
			}
		})
	}
	s.wrap(func(http.ResponseWriter, *http.Request, http.Handler) bool { return false })
}

// private has the registry want the stored login, by tokens of its own.
func (s *scene) private(t *testing.T) {
	t.Helper()
	s.signIn(t)
	s.front = func(inner http.Handler) http.Handler {
		return fault.Bearer(inner, fault.Private{Logins: []fault.Login{{User: user, Password: secret}}})
	}
}

// redirectOn sends those who ask on, to the same path of another host.
func (s *scene) redirectOn(who func(*http.Request) bool, step fault.Step) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
		if !who(req) || fault.StepOf(req) != step {
			return false
		}
		fault.RedirectTo(s.url())(w, req, inner)
		return true
	})
}

// loginAttacks are after the login that a machine has stored for the registry.
var loginAttacks = []attack{
	{name: "realm on another host", code: 0, led: true, says: "so the login is not sent there", does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.challenge(anybody, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.challenge(engine, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone, where a login is stored in docker's config", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.storeAt(t, ".docker/config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, s.registry.Host(), basic))
		s.challenge(engine, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone, where a login is stored in docker's old config", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.storeAt(t, ".dockercfg", fmt.Sprintf(`{%q:{"auth":%q}}`, s.registry.Host(), basic))
		s.challenge(engine, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone, where root has a login", code: 0, led: true, does: func(t *testing.T, s *scene) {
		path := labtest.RootLogin(t)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, s.registry.Host(), basic), 0o600); err != nil {
			t.Fatal(err)
		}
		s.challenge(engine, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone, where a helper of registries.conf has a login", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.helper(t)
		s.challenge(engine, s.url()+fault.TokenPath)
	}},
	{name: "realm on another host at the pull alone, of a registry that gives tokens to everybody", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.helper(t)
		s.otherRealm(fault.Private{Anonymous: true})
	}},
	{name: "realm on another host at the pull alone, of a registry that wants a login", code: 0, led: true, told: true, does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.otherRealm(fault.Private{Logins: []fault.Login{{User: user, Password: secret}}})
	}},
	{name: "realm on another host, and nothing without a login", code: 5, led: true, says: "so the login is not sent there", does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.url()+fault.TokenPath+`",service="theirs"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
	}},
	{name: "token server that redirects to another host", code: 0, led: true, does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.tokensElsewhere()
	}},
	{name: "token server that redirects an identity token to another host", code: 0, led: true, says: "so the login is not sent there", does: func(t *testing.T, s *scene) {
		s.store(t, fmt.Sprintf(`"auth":"bm9ib2R5Og==","identitytoken":%q`, secret))
		s.tokensElsewhere()
	}},
	{name: "manifest on another host, which wants a login", code: 5, led: true, says: "", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.elsewhere.wants = `Basic realm="theirs"`
		s.redirectOn(anybody, fault.Manifest)
	}},
	{name: "manifest on another host, which wants a token", code: 5, led: true, says: "", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.elsewhere.wants = `Bearer realm="` + s.url() + fault.TokenPath + `",service="theirs"`
		s.redirectOn(anybody, fault.Manifest)
	}},
	{name: "layers on another host at the pull alone", code: 1, led: true, says: "the pull failed", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.elsewhere.wants = `Basic realm="theirs"`
		s.redirectOn(engine, fault.Blob)
	}},
	{name: "login in an error", code: 5, says: "the login for ", does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			_, password, given := req.BasicAuth()
			if !given {
				w.Header().Set("WWW-Authenticate", `Basic realm="theirs"`)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			for _, name := range []string{"WWW-Authenticate", "Content-Type", "Retry-After", "Server", "Location"} {
				w.Header().Set(name, password+"; "+req.Header.Get("Authorization"))
			}
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q,"detail":%q}]}`, password, req.Header.Get("Authorization"), password)
			return true
		})
	}},
	{name: "login in an error of the token server", code: 5, says: "the login for ", does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			_, password, _ := req.BasicAuth()
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+req.Host+fault.TokenPath+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}],"details":%q}`, password, req.Header.Get("Authorization"), password)
			return true
		})
	}},
	{name: "login in the name of a token server", code: 7, says: "redirect refused: 127.0.0.1 leads to an address that repeats the login", does: func(t *testing.T, s *scene) {
		s.signIn(t)
		s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
			if req.URL.Path == fault.TokenPath {
				_, password, _ := req.BasicAuth()
				http.Redirect(w, req, "http://"+password+".localhost:1/"+password, http.StatusTemporaryRedirect)
				return true
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+req.Host+fault.TokenPath+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
	}},
	{name: "login in a redirect to another host", code: 7, says: "redirect refused: 127.0.0.1 leads to an address that repeats the login", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.redirect(anybody, fault.Manifest, s.url()+"/?was=hunter2%2Dhunter2")
	}},
	{name: "login in a platform", code: 4, says: "no image for ", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.indexOf(t, s.entry(t, "platform", map[string]string{"os": "linux", "architecture": secret}))
	}},
	{name: "login in a platform that is none", code: 7, says: `index: platform "…/x y" is not`, does: func(t *testing.T, s *scene) {
		s.private(t)
		s.indexOf(t, s.entry(t, "platform", map[string]string{"os": secret, "architecture": "x y"}))
	}},
	{name: "login in a digest", code: 7, says: "index: the index cannot be read", does: func(t *testing.T, s *scene) {
		s.private(t)
		s.indexOf(t, s.entry(t, "digest", secret+":"+basic))
	}},
	{name: "login in a media type", code: 7, says: `(media type "…")`, does: func(t *testing.T, s *scene) {
		s.private(t)
		s.serve(anybody, "/"+s.ref.Tag, ociIndex, []byte(`{"schemaVersion":2,"mediaType":"`+basic+`"}`))
	}},
	{name: "login in a label", code: 7, says: "the image was built from another Containerfile", does: func(t *testing.T, s *scene) {
		s.push(t, s.ref, s.image(t, attacker, secret))
		s.private(t)
		s.wrap(func(http.ResponseWriter, *http.Request, http.Handler) bool { return false })
	}},
}

package fault

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// TokenPath is where [Bearer] hands out tokens.
const TokenPath = "/token"

// Login is a user and a password.
type Login struct{ User, Password string }

// Private tells whom a registry behind [Bearer] lets in.
type Private struct {
	Anonymous bool    // tokens without a login, which are good for reading only
	Logins    []Login // who gets a token by a login; any other login is refused
	Realm     string  // URL of the token server; empty: [TokenPath] of the registry's own host
}

// Bearer puts a token server (the Docker token protocol, as ghcr.io has it) at
// [TokenPath], and lets only requests with one of its tokens through to inner.
func Bearer(inner http.Handler, p Private) http.Handler {
	b := &bearer{Private: p, inner: inner, tokens: map[string]access{}}
	return b
}

type bearer struct {
	Private
	inner  http.Handler
	mu     sync.Mutex
	tokens map[string]access
}

// access is what a token is good for.
type access int

const (
	none access = iota
	read
	write
)

func (b *bearer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == TokenPath {
		b.serveToken(w, r)
		return
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || b.access(token) == none {
		realm := b.Realm
		if realm == "" {
			realm = "http://" + r.Host + TokenPath
			if r.TLS != nil {
				realm = "https://" + r.Host + TokenPath
			}
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="lab"`)
		status(http.StatusUnauthorized, "UNAUTHORIZED")(w, r, b.inner)
		return
	}
	if StepOf(r) == Upload && b.access(token) != write {
		status(http.StatusForbidden, "DENIED")(w, r, b.inner)
		return
	}
	b.inner.ServeHTTP(w, r)
}

func (b *bearer) serveToken(w http.ResponseWriter, r *http.Request) {
	user, password, given := r.BasicAuth()
	if r.Method == http.MethodPost { // OAuth 2.0, as BuildKit prefers it
		user, password = r.FormValue("username"), r.FormValue("password")
		given = user != ""
	}
	if given && !slices.Contains(b.Logins, Login{user, password}) || !given && !b.Anonymous {
		status(http.StatusUnauthorized, "UNAUTHORIZED")(w, r, b.inner)
		return
	}
	token := rand.Text()
	b.mu.Lock()
	b.tokens[token] = read
	if given {
		b.tokens[token] = write
	}
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token, "access_token": token})
}

func (b *bearer) access(token string) access {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens[token]
}

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
	Anonymous bool    // tokens without a login
	Logins    []Login // who gets a token by a login; any other login is refused
	Realm     string  // URL of the token server; empty: [TokenPath] of the registry's own host
}

// Bearer puts a token server (the Docker token protocol, as ghcr.io has it) at
// [TokenPath], and lets only requests with one of its tokens through to inner.
func Bearer(inner http.Handler, p Private) http.Handler {
	b := &bearer{Private: p, inner: inner, tokens: map[string]bool{}}
	return b
}

type bearer struct {
	Private
	inner  http.Handler
	mu     sync.Mutex
	tokens map[string]bool
}

func (b *bearer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == TokenPath {
		b.serveToken(w, r)
		return
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !b.issued(token) {
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
	b.inner.ServeHTTP(w, r)
}

func (b *bearer) serveToken(w http.ResponseWriter, r *http.Request) {
	user, password, given := r.BasicAuth()
	if given && !slices.Contains(b.Logins, Login{user, password}) || !given && !b.Anonymous {
		status(http.StatusUnauthorized, "UNAUTHORIZED")(w, r, b.inner)
		return
	}
	token := rand.Text()
	b.mu.Lock()
	b.tokens[token] = true
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}

func (b *bearer) issued(token string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens[token]
}

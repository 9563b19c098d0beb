package registry

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/login"
)

// TestToken: how a token is asked for, with each kind of login, and what comes
// of the answers.
func TestToken(t *testing.T) {
	const (
		post  = "POST https://auth.registry.example/token  client_id=openlock&grant_type=refresh_token&refresh_token="
		rest  = "&scope=repository%3Aa%2Fb%3Apull&service=s"
		get   = "GET https://auth.registry.example/token?" + scope + "&service=s"
		basic = " Basic cm9ib3Q6aHVudGVyMg=="
	)
	robot := credential{login.Login{Username: "robot", Secret: "hunter2"}}
	type answer struct {
		status int
		text   string
	}
	for _, c := range []struct {
		name   string
		login  credential
		answer []answer // of the token server, one after another
		want   []string // what it is asked
		header string   // that requests get
		fails  string
	}{
		{"none", credential{}, []answer{{200, `{"token":"t"}`}}, []string{get}, "Bearer t", ""},
		{"a password", robot, []answer{{200, `{"token":"t"}`}}, []string{get + basic}, "Bearer t", ""},
		{"an access token", credential{}, []answer{{200, `{"token":"t","access_token":"a"}`}}, []string{get}, "Bearer a", ""},
		{"an identity token", credential{login.Login{IdentityToken: "id"}}, []answer{{200, `{"access_token":"a","refresh_token":"next"}`}}, []string{post + "id" + rest}, "Bearer a", ""},
		{"an identity token, and a server without OAuth 2.0", credential{login.Login{Username: "robot", Secret: "hunter2", IdentityToken: "id"}}, []answer{{404, ""}, {200, `{"token":"t"}`}}, []string{post + "id" + rest, get + basic}, "Bearer t", ""},
		{"an identity token that is refused", credential{login.Login{IdentityToken: "id"}}, []answer{{401, ""}}, []string{post + "id" + rest}, "", "HTTP 401"},
		{"refused", robot, []answer{{403, `{"errors":[{"code":"DENIED"}]}`}}, []string{get + basic}, "", "HTTP 403, DENIED"},
		{"throttled", robot, []answer{{429, ""}}, []string{get + basic}, "", "HTTP 429"},
		{"not JSON", robot, []answer{{200, "<html>"}}, []string{get + basic}, "", "the answer is not a token in JSON"},
		{"no token", robot, []answer{{200, "{}"}}, []string{get + basic}, "", "the answer is not a token in JSON"},
		{"too much", robot, []answer{{200, strings.Repeat(" ", maxError) + `{"token":"t"}`}}, []string{get + basic}, "", "the answer is larger than it may be"},
		{"sent on to another port", robot, []answer{{307, "https://auth.registry.example:444/token"}, {200, `{"token":"t"}`}}, []string{get + basic, "GET https://auth.registry.example:444/token"}, "Bearer t", ""},
		{"sent on into the clear", robot, []answer{{307, "http://auth.registry.example/token"}}, []string{get + basic}, "", `its token server must not be asked: realm scheme "http"`},
		{"sent on into the network", robot, []answer{{307, "https://10.0.0.1/token"}}, []string{get + basic}, "", "is a private or link-local address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			f.answer = func(r *http.Request, _ string) (int, string, string) {
				if n := len(f.asked) - 2; n >= 0 && n < len(c.answer) {
					return c.answer[n].status, "", c.answer[n].text
				}
				return http.StatusUnauthorized, `Bearer realm="https://auth.registry.example/token",service="s"`, ""
			}
			s, err := newSigner(t.Context(), place{host: "registry.example", path: "a/b"}, c.login, f, place{path: "a/b"}.scope(pull))
			f.expect(t, append([]string{ping2}, c.want...)...)
			if c.fails != "" {
				if err == nil || !strings.Contains(asFailure(failTransport("registry", err)).reason, c.fails) {
					t.Errorf("%v, want %s", err, c.fails)
				}
				return
			}
			if err != nil || s.header != c.header {
				t.Errorf("%q, %v, want %q", s.header, err, c.header)
			}
		})
	}
}

// TestRotatedIdentity: a refresh token that comes with an answer takes the place
// of the stored one.
func TestRotatedIdentity(t *testing.T) {
	f := &fake{answer: func(r *http.Request, body string) (int, string, string) {
		if strings.Contains(body, "refresh_token=first&") {
			return http.StatusOK, "", `{"access_token":"a","refresh_token":"second"}`
		}
		if strings.Contains(body, "refresh_token=second&") {
			return http.StatusOK, "", `{"access_token":"b"}`
		}
		if r.URL.Path == "/token" && r.Method == http.MethodGet {
			return http.StatusOK, "", `{"token":"c","refresh_token":"third"}`
		}
		return http.StatusUnauthorized, `Bearer realm="https://auth.registry.example/token"`, ""
	}}
	s := f.signer(t, credential{login.Login{IdentityToken: "first"}})
	do(t, s, http.MethodGet, tags, "")
	if s.header != "Bearer b" {
		t.Errorf("%q", s.header)
	}
	s = f.signer(t, credential{login.Login{Username: "robot", Secret: "hunter2"}})
	if s.header != "Bearer c" || s.login.IdentityToken != "" {
		t.Errorf("%q, and a refresh token that nothing has asked for is kept: %q", s.header, s.login.IdentityToken)
	}
}

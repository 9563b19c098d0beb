package registry

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vessux/openlock/internal/login"
)

// fake is registry.example, and every other host, as a function; it writes down
// what it is asked.
type fake struct {
	mu     sync.Mutex
	asked  []string // method, URL and Authorization
	answer func(r *http.Request, body string) (status int, challenge, text string)
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Authorization"), " ", string(body))))
	status, challenge, text := f.answer(r, string(body))
	h := http.Header{}
	if status == http.StatusTemporaryRedirect {
		h.Set("Location", text)
	}
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// expect compares what was asked, from the first request on.
func (f *fake) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.asked, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(f.asked, "\n"), strings.Join(want, "\n"))
	}
}

func (f *fake) signer(t *testing.T, l credential) *signer {
	t.Helper()
	s, err := newSigner(t.Context(), place{host: "registry.example", path: "a/b"}, l, f, place{path: "a/b"}.scope(pull))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func do(t *testing.T, s *signer, method, url, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

const (
	ping2 = "GET https://registry.example/v2/"
	tags  = "https://registry.example/v2/a/b/manifests/x"
	scope = "scope=repository%3Aa%2Fb%3Apull"
)

// bearing wants tokens: those that were given, from the one at valid on.
func bearing(valid int) *fake {
	given := 0
	return &fake{answer: func(r *http.Request, _ string) (int, string, string) {
		if r.URL.Host == "auth.registry.example" {
			given++
			return http.StatusOK, "", fmt.Sprintf(`{"token":"t%d"}`, given)
		}
		if given >= valid && r.Header.Get("Authorization") == fmt.Sprintf("Bearer t%d", given) {
			return http.StatusOK, "", ""
		}
		return http.StatusUnauthorized, `Bearer realm="https://auth.registry.example/token?account=x",service="s",scope="repository:a/b:push,delete repository:c/d:pull"`, ""
	}}
}

const realm = "GET https://auth.registry.example/token?account=x&" + scope + "&service=s"

// TestPingLeadsToTLS: where a ping in the clear ends counts, not where it began.
func TestPingLeadsToTLS(t *testing.T) {
	f := &fake{answer: func(r *http.Request, _ string) (int, string, string) {
		switch {
		case r.URL.Scheme == "http":
			return http.StatusTemporaryRedirect, "", "https://127.0.0.1:5000/moved"
		case r.URL.Path == "/moved":
			return http.StatusOK, "", ""
		}
		return http.StatusBadGateway, "", ""
	}}
	if p := ping(t.Context(), place{host: "127.0.0.1:5000", path: "a/b"}, f); p.err != nil || p.scheme != "https" {
		t.Errorf("%+v", p)
	}
}

// TestScope: what a token is asked for is ours, whatever the registry says
// that it wants, at the ping or later.
func TestScope(t *testing.T) {
	f := bearing(2)
	s := f.signer(t, credential{})
	if got := do(t, s, http.MethodGet, tags, ""); got != http.StatusOK {
		t.Errorf("HTTP %d", got)
	}
	f.expect(t, ping2, realm, "GET "+tags+" Bearer t1", realm, "GET "+tags+" Bearer t2")
}

// TestRenewedOnce: a request that is refused with a new token too stays so.
func TestRenewedOnce(t *testing.T) {
	f := bearing(3)
	s := f.signer(t, credential{})
	if got := do(t, s, http.MethodPut, tags, "body"); got != http.StatusUnauthorized {
		t.Errorf("HTTP %d", got)
	}
	f.expect(t, ping2, realm, "PUT "+tags+" Bearer t1 body", realm, "PUT "+tags+" Bearer t2 body")
}

// TestRefusedWithoutChallenge: a registry that does not ask for a token gets no
// other one.
func TestRefusedWithoutChallenge(t *testing.T) {
	f := bearing(1)
	s := f.signer(t, credential{})
	f.answer = func(*http.Request, string) (int, string, string) { return http.StatusUnauthorized, "", "" }
	do(t, s, http.MethodGet, tags, "")
	f.expect(t, ping2, realm, "GET "+tags+" Bearer t1")
}

// TestRenewedForAll: of the requests that a token fails, one gets a new one.
func TestRenewedForAll(t *testing.T) {
	f := bearing(2)
	s := f.signer(t, credential{})
	var all, refused sync.WaitGroup
	refused.Add(8)
	old := s.inner
	s.inner = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := old.RoundTrip(r)
		if r.Header.Get("Authorization") == "Bearer t1" {
			refused.Done()
			refused.Wait()
		}
		return resp, err
	})
	for range 8 {
		all.Go(func() {
			if got := do(t, s, http.MethodGet, tags, ""); got != http.StatusOK {
				t.Errorf("HTTP %d", got)
			}
		})
	}
	all.Wait()
	if n := strings.Count(strings.Join(f.asked, "\n"), realm); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
}

// TestWithoutASecondBody: what cannot be sent twice is sent once.
func TestWithoutASecondBody(t *testing.T) {
	f := bearing(2)
	s := f.signer(t, credential{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, tags, io.MultiReader(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := s.RoundTrip(req); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v, %v", resp, err)
	}
	f.expect(t, ping2, realm, "PATCH "+tags+" Bearer t1 body")
}

// TestElsewhere: nothing is signed that goes to another host or port.
func TestElsewhere(t *testing.T) {
	f := bearing(1)
	s := f.signer(t, credential{})
	for _, url := range []string{"https://registry.example:444/x", "https://other.registry.example/x", "http://registry.example:80/x"} {
		f.asked = nil
		if got := do(t, s, http.MethodGet, url, ""); got != http.StatusUnauthorized {
			t.Errorf("HTTP %d", got)
		}
		f.expect(t, "GET "+url)
	}
	f.asked = nil
	do(t, s, http.MethodGet, "https://registry.example:443/x", "")
	do(t, s, http.MethodGet, "http://registry.example/x", "")
	f.expect(t, "GET https://registry.example:443/x Bearer t1", "GET https://registry.example/x Bearer t1")
}

// TestBasic: a login is sent where it is asked for, and not before; once.
func TestBasic(t *testing.T) {
	l := credential{login.Login{Username: "robot", Secret: "hunter2"}}
	for _, c := range []struct {
		name      string
		open      bool // the ping
		challenge string
		login     credential
		want      []string
	}{
		{"asked for by the ping", false, `Basic realm="x"`, l, []string{ping2, "GET " + tags + " Basic cm9ib3Q6aHVudGVyMg=="}},
		{"asked for later", true, `Basic realm="x"`, l, []string{ping2, "GET " + tags, "GET " + tags + " Basic cm9ib3Q6aHVudGVyMg=="}},
		{"not in a way that is known", false, `Negotiate`, l, []string{ping2, "GET " + tags}},
		{"not said how", false, "", l, []string{ping2, "GET " + tags}},
		{"none stored", false, `Basic realm="x"`, credential{}, []string{ping2, "GET " + tags}},
		{"half of one stored", false, `Basic realm="x"`, credential{login.Login{Username: "robot"}}, []string{ping2, "GET " + tags}},
		{"a token of the registry's own", false, `Bearer realm="https://auth.registry.example/"`, credential{login.Login{RegistryToken: "stored"}}, []string{ping2, "GET " + tags + " Bearer stored"}},
	} {
		f := &fake{answer: func(r *http.Request, _ string) (int, string, string) {
			if c.open && r.URL.Path == "/v2/" {
				return http.StatusOK, "", ""
			}
			return http.StatusUnauthorized, c.challenge, ""
		}}
		t.Run(c.name, func(t *testing.T) {
			do(t, f.signer(t, c.login), http.MethodGet, tags, "")
			f.expect(t, c.want...)
		})
	}
}

package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// userAgent is what registries know this client by.
const userAgent = "openlock"

// signer signs the requests to a registry as it asks for, and no others. It
// does so itself, not by go-containerregistry, since a truthful probe has to see
// what that hides, and since it would link docker's configuration into every
// start.
//
// The scope is what this client needs: a registry cannot widen it.
type signer struct {
	inner  http.RoundTripper
	at     place
	scheme string // of the registry
	login  credential
	scope  string

	mu        sync.Mutex
	challenge challenge
	header    string // Authorization; empty where none was asked for
}

// newSigner pings the registry and signs in as it asks.
func newSigner(ctx context.Context, at place, l credential, inner http.RoundTripper, scope string) (*signer, error) {
	p := ping(ctx, at, inner)
	if p.err != nil {
		return nil, p.err
	}
	s := &signer{inner: inner, at: at, scheme: p.scheme, login: l, scope: scope, challenge: p.challenge}
	return s, s.sign(ctx)
}

// RoundTrip signs a request. One that is refused is sent once more, signed
// anew: tokens end.
func (s *signer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameServer(req.URL.Host, s.at.host, s.scheme) {
		return s.send(req, req.URL.Scheme, "")
	}
	s.mu.Lock()
	used := s.header
	s.mu.Unlock()
	resp, err := s.send(req, s.scheme, used)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || req.Body != nil && req.GetBody == nil {
		return resp, err
	}
	again, err := s.renew(req.Context(), used, challengeOf(resp.Header))
	if err == nil && again == used {
		return resp, nil
	}
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if req.GetBody != nil {
		req = req.Clone(req.Context())
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return s.send(req, s.scheme, again)
}

func (s *signer) send(req *http.Request, scheme, authorization string) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme = scheme
	req.Header.Set("User-Agent", userAgent)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return s.inner.RoundTrip(req)
}

// renew signs in once more after a refusal, unless another request has done it
// meanwhile, and returns what to sign with.
func (s *signer) renew(ctx context.Context, used string, c challenge) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.scheme == "" || s.header != used {
		return s.header, nil
	}
	if s.challenge.scheme == "" {
		s.challenge = c // the ping was let pass
	}
	err := s.sign(ctx)
	return s.header, err
}

// sign finds the header that the challenge asks for.
func (s *signer) sign(ctx context.Context) error {
	switch {
	case s.challenge.scheme == "":
	case s.login.RegistryToken != "":
		s.header = "Bearer " + s.login.RegistryToken
	case s.challenge.scheme == "basic":
		s.header = s.login.basic()
	default:
		token, err := s.token(ctx)
		if err != nil {
			return err
		}
		s.header = "Bearer " + token
	}
	return nil
}

// basic is the Authorization header of a user and a password; empty without.
func (c credential) basic() string {
	if c.Username == "" || c.Secret == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Secret))
}

// token gets one from the registry's token server (docker's token protocol):
// for an identity token by OAuth 2.0, or else by GET, which every server knows.
func (s *signer) token(ctx context.Context) (string, error) {
	realm, err := s.realm()
	if err != nil {
		return "", err
	}
	query := realm.Query()
	query["scope"] = []string{s.scope}
	if service := s.challenge.parameters["service"]; service != "" {
		query.Set("service", service)
	}
	if s.login.IdentityToken != "" {
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {s.login.IdentityToken}, "client_id": {userAgent},
			"scope": query["scope"], "service": query["service"],
		}
		token, err := s.askToken(ctx, http.MethodPost, realm, form.Encode())
		if e := new(statusError); !errors.As(err, &e) || e.status != http.StatusNotFound {
			return token, err
		}
	}
	realm.RawQuery = query.Encode()
	return s.askToken(ctx, http.MethodGet, realm, "")
}

// realm is the address of the token server.
func (s *signer) realm() (*url.URL, error) {
	text := s.challenge.parameters["realm"]
	if text == "" {
		return nil, badRealm("the registry does not name it")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, badRealm(lastClause(err.Error()))
	}
	return u, s.checkRealm(u)
}

// checkRealm refuses a token server in the clear where the registry speaks
// TLS, and one at an address inside the network that is not the registry's.
func (s *signer) checkRealm(u *url.URL) error {
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || s.scheme == "https"):
		return badRealm(fmt.Sprintf("realm scheme %q", u.Scheme))
	case u.Host != s.at.host && isInnerAddress(u.Hostname()) && !s.at.trusts(u):
		f := badRealm(fmt.Sprintf("realm host %q is a private or link-local address", u.Host))
		f.hint = s.at.trustHint(u)
		return f
	}
	return nil
}

func badRealm(why string) *failure {
	return &failure{state: StateInvalid, reason: "its token server must not be asked: " + why}
}

// askToken asks the token server. A login by user and password is sent to that
// server alone: not to where it redirects.
func (s *signer) askToken(ctx context.Context, method string, realm *url.URL, form string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, realm.String(), strings.NewReader(form))
	if err != nil {
		return "", err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{
		Transport:     tokenTransport{s, realm.Host},
		CheckRedirect: func(req *http.Request, _ []*http.Request) error { return s.checkRealm(req.URL) },
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", answered(resp)
	}
	body, err := readWithin(resp.Body, maxError)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token        string `json:"token"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" && answer.AccessToken == "" {
		return "", &failure{state: StateInvalid, reason: "the answer is not a token in JSON"}
	}
	if method == http.MethodPost && answer.RefreshToken != "" {
		s.login.IdentityToken = answer.RefreshToken // in place of the one that was used (RFC 6749, section 6)
	}
	return cmp.Or(answer.AccessToken, answer.Token), nil
}

// tokenTransport is for requests to the token server at a host.
type tokenTransport struct {
	*signer
	host string
}

func (t tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	authorization := ""
	if req.URL.Host == t.host && req.Method == http.MethodGet {
		authorization = t.login.basic()
	}
	return t.send(req, req.URL.Scheme, authorization)
}

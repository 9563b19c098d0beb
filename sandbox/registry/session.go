package registry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxConns bounds the connections to one host, and the layers of a platform that
// are asked for side by side.
const maxConns = 8

// session is one authenticated conversation with a registry about one
// repository. It reads manifests itself rather than through
// go-containerregistry's remote package, since a truthful probe has to see
// what that package hides: status codes, digest headers, sizes.
type session struct {
	at     place
	signer *signer
	client *http.Client
	guard  *guard
}

// transportFor returns the connection settings of a probe. Nothing is shared
// between probes, so closing the idle connections leaves none behind.
func transportFor(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: o.ConnectTimeout, ControlContext: refuseLocal}
	proxy := http.ProxyFromEnvironment
	if o.Access != nil && o.Access.Proxy != nil {
		proxy = o.Access.Proxy
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    o.ConnectTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		OnProxyConnectResponse: connected,
		MaxIdleConnsPerHost:    maxConns,
		MaxConnsPerHost:        maxConns,
	}
}

// What a session may do, as the token protocol says it.
const (
	pull = "pull"
	push = "push,pull"
)

// open pings the registry and gets a token for the place, for the actions.
func open(ctx context.Context, at place, l credential, base http.RoundTripper, patience time.Duration, actions string) (*session, error) {
	if at.mayBeClear() {
		// A loopback registry is asked over TLS first, then in the clear; the
		// two share the time that one silent server may cost.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	find, from := proxyOf(base)
	g := &guard{
		inner: proxies{base, find, from, patience}, at: at, host: hostname(at.host), secrets: l.secrets(), proxy: find,
		tlsOnly: !at.mayBeClear(), sealed: !l.anonymous() && !at.takesClearLogins(),
	}
	s, err := newSigner(ctx, at, l, g, at.scope(actions))
	if err != nil {
		return nil, g.fill(failTransport("registry "+at.host, err))
	}
	return &session{at: at, signer: s, client: &http.Client{Transport: s}, guard: g}, nil
}

// document is a manifest as a registry gave it.
type document struct {
	mediaType types.MediaType
	digest    v1.Hash
	body      []byte
}

// manifestTypes are the manifests that are asked for.
var manifestTypes = []types.MediaType{
	types.OCIImageIndex, types.OCIManifestSchema1, types.DockerManifestList, types.DockerManifestSchema2,
}

// manifest gets a manifest by tag or digest and checks size, digest and media
// type. The error is errGone, or a *failure.
func (s *session) manifest(ctx context.Context, identifier, what string) (*document, error) {
	body, header, err := s.get(ctx, "manifests", identifier, what, manifestTypes)
	if err != nil {
		return nil, err
	}
	digest, err := checkDigest(body, identifier, header.Get("Docker-Content-Digest"), what)
	if err != nil {
		return nil, err
	}
	mt, err := checkMediaType(body, header.Get("Content-Type"), what)
	if err != nil {
		return nil, err
	}
	return &document{mediaType: mt, digest: digest, body: body}, nil
}

// blob gets a small blob, such as an image's config, and checks its digest.
func (s *session) blob(ctx context.Context, h v1.Hash, what string) ([]byte, error) {
	body, _, err := s.get(ctx, "blobs", h.String(), what, nil)
	if err != nil {
		return nil, err
	}
	if _, err := checkDigest(body, h.String(), "", what); err != nil {
		return nil, err
	}
	return body, nil
}

// holds asks for a blob without fetching it. A HEAD affirms it cheaply;
// anything else is asked again by a GET, whose answer tells why. The error is
// errGone, or a *failure.
func (s *session) holds(ctx context.Context, h v1.Hash, what string) error {
	resp, err := s.ask(ctx, http.MethodHead, "blobs", h.String(), nil)
	if err == nil && resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		resp, err = s.ask(ctx, http.MethodGet, "blobs", h.String(), nil)
	}
	if err != nil {
		return s.guard.fill(failTransport(what, err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		_, err = s.read(resp, what)
	}
	return err
}

// get fetches a manifest or a small blob.
func (s *session) get(ctx context.Context, kind, identifier, what string, accept []types.MediaType) ([]byte, http.Header, error) {
	resp, err := s.ask(ctx, http.MethodGet, kind, identifier, accept)
	if err != nil {
		return nil, nil, s.guard.fill(failTransport(what, err))
	}
	defer resp.Body.Close()
	body, err := s.read(resp, what)
	return body, resp.Header, err
}

func (s *session) ask(ctx context.Context, method, kind, identifier string, accept []types.MediaType) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url(kind+"/"+identifier), nil)
	if err != nil {
		return nil, err
	}
	for _, mt := range accept {
		req.Header.Add("Accept", string(mt))
	}
	return s.client.Do(req)
}

// url is the address of something of the repository.
func (s *session) url(path string) string {
	u := url.URL{Scheme: s.signer.scheme, Host: s.at.host, Path: "/v2/" + s.at.path + "/" + path}
	return u.String()
}

// read returns the body of an answer, or judges the one that is none.
func (s *session) read(resp *http.Response, what string) ([]byte, error) {
	body, err := readBounded(resp.Body, what)
	if resp.StatusCode != http.StatusOK {
		// The status is an answer even where the rest of the body is lost.
		codes := errorCodes(body)
		if meaning(resp.StatusCode, codes) == http.StatusNotFound && !isHTML(body, resp.Header.Get("Content-Type")) {
			return nil, errGone
		}
		return nil, s.guard.fill(failStatus(what, resp.StatusCode, codes))
	}
	return body, err
}

func readBounded(r io.ReadCloser, what string) ([]byte, error) {
	body, err := io.ReadAll(&boundedBody{ReadCloser: r})
	if err != nil {
		return body, failTransport(what, err)
	}
	return body, nil
}

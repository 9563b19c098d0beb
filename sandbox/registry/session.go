package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxBody is the largest manifest or config that is read, in bytes. The OCI
// Distribution Specification asks registries to take manifests of 4 MiB; ours
// have some kilobytes.
const maxBody = 4 << 20

// session is one authenticated conversation with a registry about one
// repository. It reads manifests itself rather than through
// go-containerregistry's remote package, since a truthful probe has to see
// what that package hides: status codes, digest headers, sizes.
type session struct {
	repo     name.Repository
	client   *http.Client
	throttle *throttleWatch
}

// transportFor returns the connection settings of a probe. Nothing is shared
// between probes, so closing the idle connections leaves none behind.
func transportFor(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: o.ConnectTimeout}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    o.ConnectTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
	}
}

// open pings the registry and gets a token for pulling from repo.
func open(ctx context.Context, repo name.Repository, auth authn.Authenticator, base http.RoundTripper, o Options) (*session, error) {
	if repo.Scheme() == "http" {
		// A loopback registry is asked over TLS first, then in the clear; the
		// two share the time that one silent server may cost.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.HeaderTimeout)
		defer cancel()
	}
	watch := &throttleWatch{inner: base}
	tr, err := transport.NewWithContext(ctx, repo.Registry, auth, watch, []string{repo.Scope(transport.PullScope)})
	step := "registry " + repo.RegistryStr()
	if err != nil {
		return nil, watch.fill(failTransport(step, plainHTTPError(err)))
	}
	return &session{
		repo:     repo,
		client:   &http.Client{Transport: tr, CheckRedirect: checkRedirect},
		throttle: watch,
	}, nil
}

// plainHTTPError picks, where a loopback registry was asked over TLS and in
// the clear and neither answered, the error that tells more: the one that is
// not about TLS.
func plainHTTPError(err error) error {
	if text := err.Error(); strings.Contains(text, "; ") && strings.Contains(text, `"http://`) {
		var refused *net.OpError
		if errors.As(err, &refused) && refused.Op == "dial" {
			return err
		}
		if strings.Contains(text, "deadline exceeded") || strings.Contains(text, "awaiting response headers") {
			return context.DeadlineExceeded
		}
		if strings.Contains(text, "EOF") || strings.Contains(text, "reset by peer") {
			return io.ErrUnexpectedEOF
		}
	}
	return err
}

// document is a manifest as a registry gave it.
type document struct {
	mediaType types.MediaType
	digest    v1.Hash
	body      []byte
}

// manifest gets a manifest by tag or digest and checks size, digest and media
// type. The error is errGone, or a *failure.
func (s *session) manifest(ctx context.Context, identifier, what string) (*document, error) {
	body, header, err := s.get(ctx, "manifests", identifier, what, []types.MediaType{
		types.OCIImageIndex, types.OCIManifestSchema1, types.DockerManifestList, types.DockerManifestSchema2,
	})
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

func (s *session) get(ctx context.Context, kind, identifier, what string, accept []types.MediaType) ([]byte, http.Header, error) {
	u := url.URL{
		Scheme: s.repo.Scheme(),
		Host:   s.repo.RegistryStr(),
		Path:   fmt.Sprintf("/v2/%s/%s/%s", s.repo.RepositoryStr(), kind, identifier),
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	for _, mt := range accept {
		req.Header.Add("Accept", string(mt))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, nil, s.throttle.fill(failTransport(what, err))
	}
	defer resp.Body.Close()
	body, err := readBounded(resp.Body, what)
	if resp.StatusCode != http.StatusOK {
		// The status is an answer even where the rest of the body is lost.
		codes := errorCodes(body)
		isHTML := mediaTypeOf(resp.Header.Get("Content-Type")) == "text/html"
		if meaning(resp.StatusCode, codes) == http.StatusNotFound && !isHTML {
			return nil, nil, errGone
		}
		return nil, nil, s.throttle.fill(failStatus(what, resp.StatusCode, codes, 0))
	}
	if err != nil {
		return nil, nil, err
	}
	return body, resp.Header, nil
}

func readBounded(r io.Reader, what string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	switch {
	case err != nil:
		return body, failTransport(what, err)
	case len(body) > maxBody:
		return nil, &failure{state: Invalid, reason: fmt.Sprintf("%s: the answer is larger than %d MiB", what, maxBody>>20)}
	}
	return body, nil
}

// checkRedirect follows what registries do, a blob handed out by a storage
// service, and refuses what only a hostile or broken one does.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[0].URL, req.URL
	refuse := func(why string) error {
		return &failure{state: Invalid, reason: fmt.Sprintf("registry %s: redirect refused: %s", from.Host, why)}
	}
	switch {
	case len(via) >= 5:
		return refuse("more than five in a row")
	case from.Scheme == "https" && to.Scheme != "https":
		return refuse("it leaves TLS")
	case to.Hostname() != from.Hostname() && isInner(to.Hostname()):
		return refuse("it leads to an address inside the local network")
	}
	return nil
}

func isInner(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()) || host == "localhost"
}

// mediaTypeOf reads a Content-Type header without its parameters.
func mediaTypeOf(contentType string) types.MediaType {
	mt, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return types.MediaType(mt)
}

// throttleWatch remembers the last Retry-After of a 429, at whichever step it
// came: go-containerregistry's errors do not carry headers.
type throttleWatch struct {
	inner http.RoundTripper
	after atomic.Int64
}

func (w *throttleWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.inner.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		w.after.Store(int64(parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())))
	}
	return resp, err
}

// fill puts the remembered Retry-After into a Throttled failure.
func (w *throttleWatch) fill(err error) error {
	var f *failure
	if errors.As(err, &f) && f.state == Throttled && f.retryAfter == 0 {
		f.retryAfter = time.Duration(w.after.Load())
	}
	return err
}

// parseRetryAfter reads a Retry-After header: seconds or an HTTP date (RFC
// 9110, section 10.2.3). What it cannot read, or what lies in the past, is 0.
func parseRetryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

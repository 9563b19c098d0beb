package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Reader reads from one repository what a probe does not look at, such as
// signatures, by the rules of a probe: redirects and token servers are not
// believed, and no answer may be larger than 4 MiB. Close it after use.
type Reader struct {
	session *session
	base    *http.Transport
}

// OpenReader signs in to read from the repository: with the stored login, or
// with none where o says so. The error is an [*Error], or ctx's cause.
func OpenReader(ctx context.Context, repository string, o Options) (*Reader, error) {
	o = o.withDefaults()
	at, err := placeOf(repository)
	if err != nil {
		return nil, err
	}
	var l login
	if !o.Anonymous {
		l, _ = storedLogin(ctx, at, o.Timeout/2)
	}
	r := &Reader{base: transportFor(o)}
	r.session, err = open(ctx, at, l, bounded{r.base}, o.HeaderTimeout, pull)
	if err == nil {
		return r, nil
	}
	r.Close()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return nil, Explain("registry "+at.host, err)
}

// Close ends the reader's connections.
func (r *Reader) Close() { r.base.CloseIdleConnections() }

// Transport is for go-containerregistry's remote package: it is signed in
// already.
func (r *Reader) Transport() http.RoundTripper { return r.session.client.Transport }

// Explain tells what an error of go-containerregistry means, as a probe would;
// what is where it came from, for messages.
func Explain(what string, err error) *Error {
	return asFailure(failTransport(what, err)).result()
}

// bounded refuses to read answers larger than maxBody to their end.
type bounded struct{ inner http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.inner.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, maxBody}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int64 // bytes that may still come
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &failure{state: StateInvalid, reason: fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)}
	}
	return n, err
}

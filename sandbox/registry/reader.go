package registry

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// Reader reads from one repository what a probe does not look at, such as
// signatures, by the rules of a probe: redirects and token servers are not
// believed, and no answer may be larger than 4 MiB. Close it after use.
type Reader struct {
	session *session
	base    connections
}

// OpenReader signs in to read from the repository: with the stored login, or
// with none where o says so. The error is an [*Error], or ctx's cause.
func OpenReader(ctx context.Context, repository string, o Options) (*Reader, error) {
	o = o.withDefaults()
	at, err := o.placeAt(repository)
	if err != nil {
		return nil, err
	}
	l, _ := o.first(ctx, at)
	r := &Reader{base: connectionsTo(at, o)}
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

// Transport is for go-containerregistry's remote package: it signs requests by
// itself. An answer that is neither good nor says that something is not there is
// an error, which [Explain] understands.
func (r *Reader) Transport() http.RoundTripper { return judged{r.session.signer} }

// judged refuses the statuses that tell nothing of what is there.
type judged struct{ inner http.RoundTripper }

func (j judged) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := j.inner.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := readWithin(resp.Body, maxError)
	if err != nil {
		return nil, err
	}
	codes := errorCodes(body)
	status := meaning(resp.StatusCode, codes)
	// So registries answer that do not list referrers: a tag does then.
	unlisted := strings.Contains(req.URL.Path, "/referrers/") && (status == http.StatusBadRequest || status == http.StatusNotAcceptable)
	if status != http.StatusNotFound && !unlisted {
		return nil, &statusError{resp.StatusCode, codes}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// Explain tells what an error of a Transport means, as a probe would;
// what is where it came from, for messages.
func Explain(what string, err error) *Error {
	return asFailure(failTransport(what, err)).result()
}

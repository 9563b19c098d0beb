package registry

import (
	"fmt"
	"io"
	"net/http"
)

// What is read of an answer is bounded: a registry could fill memory otherwise.
const (
	// maxBody is the largest manifest or config that is read, in bytes. The OCI
	// Distribution Specification asks registries to take manifests of 4 MiB; ours
	// have some kilobytes.
	maxBody = 4 << 20
	// maxValues bounds the values of JSON, of which a body of 4 MiB can hold a
	// million, each of which costs up to 200 bytes when it is parsed.
	maxValues = 20_000
	// maxParts bounds the manifests of an index, and the layers of an image, each
	// of which costs a request. No engine takes more than 500 layers.
	maxParts = 500
)

// bounded refuses to read answers to their end that are larger than maxBody, or
// hold more than maxValues.
type bounded struct{ inner http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.inner.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	size   int64
	values int  // of JSON: how many commas stand outside strings
	text   bool // within a string
	escape bool // behind a backslash in one
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.size += int64(n)
	b.count(p[:n])
	switch {
	case b.size > maxBody:
		return 0, &failure{state: StateInvalid, reason: fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)}
	case b.values > maxValues:
		return 0, tooMany("values", maxValues)
	}
	return n, err
}

func (b *boundedBody) count(p []byte) {
	for _, c := range p {
		switch {
		case b.escape:
			b.escape = false
		case b.text && c == '\\':
			b.escape = true
		case c == '"':
			b.text = !b.text
		case c == ',' && !b.text:
			b.values++
		}
	}
}

// tooMany is the refusal of an answer with more parts than any image has.
func tooMany(what string, limit int) error {
	return &failure{state: StateInvalid, reason: fmt.Sprintf("the answer holds more than %d %s", limit, what)}
}

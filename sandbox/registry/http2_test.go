package registry

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// TestJudgeHTTP2: words within an address, which a registry may choose, are not
// those of net/http.
func TestJudgeHTTP2(t *testing.T) {
	get := func(text string) error {
		return &url.Error{Op: "Get", URL: "https://x.example/http2: server sent GOAWAY", Err: errors.New(text)}
	}
	for _, c := range []struct {
		err             error
		lost, malformed bool
	}{
		{get("http2: server sent GOAWAY and closed the connection; LastStreamID=1"), true, false},
		{get("http2: client connection lost"), true, false},
		{get("http2: frame too large"), false, true},
		{get("connection error: PROTOCOL_ERROR"), false, true},
		{get("net/http: server response headers exceeded 1048576 bytes; aborted"), false, true},
		{get("something else, http2: frame too large"), false, false},
		{streamError{Cause: errors.New("received from peer")}, true, false},
		{streamError{Cause: errors.New("malformed response")}, false, true},
	} {
		if lost, malformed := judgeHTTP2(c.err); (lost != "") != c.lost || (malformed != "") != c.malformed {
			t.Errorf("%v: lost %q, malformed %q", c.err, lost, malformed)
		}
	}
}

// TestEndlessHeader is the twin over HTTP/1.1 of a header block without end.
func TestEndlessHeader(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		c.Write([]byte("HTTP/1.1 200 OK\r\n"))
		line := append(append([]byte("X: "), bytes.Repeat([]byte("y"), 16_000)...), "\r\n"...)
		for sent := 0; sent < 64<<20 && err == nil; sent += len(line) {
			_, err = c.Write(line)
		}
	}))
	defer s.Close()
	base := transportFor(Options{}.withDefaults())
	defer base.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = base.RoundTrip(req)
	if f := asFailure(failTransport("tag", err)); f.state != StateInvalid || f.transient {
		t.Errorf("%s: %s (%v)", f.state, f.reason, err)
	}
}

package registry

import (
	"errors"
	"net/url"
	"strings"
)

// streamError is what net/http tells of a stream of HTTP/2 that has ended early,
// by errors.As: the type itself is not exported, but one with its fields serves;
// no remedy: the probe asks again, and reports what is left in its own words.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

// The words of net/http's HTTP/2 client for what has no type that is exported.
var (
	lostWords = []string{
		"http2: server sent GOAWAY", "http2: Transport received Server's graceful shutdown GOAWAY",
		"http2: client connection lost", "http2: client connection force closed", "http2: client conn ",
	}
	malformedWords = []string{
		"connection error: ", "http2: frame too large", "http2: response header list larger",
	}
	// endless stands behind other words where a registry was asked in two ways.
	endless = "net/http: server response headers exceeded"
)

// judgeHTTP2 tells whether an error is that of a connection or stream which the
// registry has ended, as a lost connection is over HTTP/1.1, or of frames that
// make no sense, as a malformed answer is there, such as a header without end; both
// are empty for any other error. The words of GOAWAY are the registry's own, and are left out.
func judgeHTTP2(err error) (lost, malformed string) {
	if strings.Contains(err.Error(), endless) {
		return "", "malformed HTTP header or frame"
	}
	var stream streamError
	if errors.As(err, &stream) {
		var text string
		if stream.Cause != nil {
			text = stream.Cause.Error()
		}
		if text == "received from peer" {
			return "HTTP/2 stream reset", ""
		}
		return "", "malformed HTTP/2 stream"
	}
	if outer := new(url.Error); errors.As(err, &outer) {
		err = outer.Err
	}
	text := strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: ")
	for _, words := range lostWords {
		if strings.HasPrefix(text, words) {
			if strings.Contains(words, "GOAWAY") {
				return "HTTP/2 GOAWAY", ""
			}
			return "HTTP/2 connection lost", ""
		}
	}
	for _, words := range malformedWords {
		if strings.HasPrefix(text, words) {
			return "", "malformed HTTP header or frame"
		}
	}
	return "", ""
}

package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// headStart is how long a registry has to begin to speak TLS before it is
// asked in the clear too.
const headStart = 300 * time.Millisecond

// pong is what a registry says when it is asked for nothing.
type pong struct {
	scheme    string // of the address that it answers at
	challenge challenge
	connected bool // it speaks the scheme, whatever the answer was
	err       error
}

// ping asks a registry how it wants to be asked. Where it may speak in the
// clear, the first good answer counts, or that of one that speaks TLS.
func ping(ctx context.Context, at place, inner http.RoundTripper) pong {
	if !at.mayBeClear() {
		return pingBy(ctx, "https", at, inner)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	secure, clear := make(chan pong, 1), make(chan pong, 1)
	go func() { secure <- pingBy(ctx, "https", at, inner) }()
	wait := time.NewTimer(headStart)
	defer wait.Stop()
	var inTLS, inClear error
	for inTLS == nil || inClear == nil {
		select {
		case <-wait.C:
			go func() { clear <- pingBy(ctx, "http", at, inner) }()
		case p := <-secure:
			if p.err == nil || p.connected {
				return p // in the clear, such a server would say that it speaks TLS
			}
			inTLS = p.err
			if wait.Stop() {
				wait.Reset(0)
			}
		case p := <-clear:
			if p.err == nil {
				return p
			}
			inClear = p.err
		}
	}
	return pong{err: fmt.Errorf("%w; %w", inTLS, inClear)}
}

func pingBy(ctx context.Context, scheme string, at place, inner http.RoundTripper) (p pong) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	defer func() { p.connected = connected.Load() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+at.host+"/v2/", nil)
	if err != nil {
		return pong{err: err}
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := (&http.Client{Transport: inner}).Do(req)
	if err != nil {
		return pong{err: err}
	}
	defer resp.Body.Close()
	p.scheme = resp.Request.URL.Scheme // a redirect may have changed it
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		p.challenge = challengeOf(resp.Header)
	default:
		p.err = answered(resp)
		return p
	}
	// A body that is read to its end leaves the connection for what follows. It says
	// nothing, so one that stalls is not waited for.
	defer time.AfterFunc(headStart, cancel).Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
	return p
}

// statusError is an answer to the ping, or of a token server, that is no good.
// No remedy: callers see it as an [Error], which has one.
type statusError struct {
	status int
	codes  []string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status))
}

// maxError is the largest body of an error, or of a token, that is read.
const maxError = 64 << 10

func answered(resp *http.Response) error {
	body, err := readWithin(resp.Body, maxError)
	if err != nil {
		return err
	}
	return &statusError{resp.StatusCode, errorCodes(body)}
}

func readWithin(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, &failure{state: StateInvalid, reason: "the answer is larger than it may be"}
	}
	return body, err
}

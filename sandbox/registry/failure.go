package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/vessux/openlock/internal/sanitize"
)

// failure is an answer, or the lack of one, that ends an attempt. No remedy:
// callers see it as an [Error], which has one.
type failure struct {
	state      State
	reason     string // one line, fit to print
	hint       string
	retryAfter time.Duration // Throttled: what the registry asked for
	transient  bool          // worth another try at once: 5xx, a lost connection
	timeout    bool          // transient, but it has cost its whole time already
	withheld   bool          // Denied: the login was not sent where the registry wanted it
	cause      error         // what it was made of; may be nil
}

func (f *failure) Error() string { return f.reason }

func (f *failure) Unwrap() error { return f.cause }

// result is the failure as callers see it.
func (f *failure) result() *Error {
	return &Error{State: f.state, Reason: f.reason, Remedy: f.hint, Err: f.cause}
}

// asFailure returns the failure that err is; anything unforeseen is invalid.
func asFailure(err error) *failure {
	f := new(failure)
	if !errors.As(err, &f) {
		f = &failure{state: StateInvalid, reason: err.Error(), cause: err}
	}
	// Parts of it were cut to a line's length; the whole may be longer.
	f.reason = sanitize.Line(f.reason)
	return f
}

// errGone is the registry's own word that what was asked for is not there.
var errGone = errors.New("not there")

// The codes of errors that change what a status means (OCI Distribution
// Specification 1.1, "Error codes").
const (
	codeUnauthorized = "UNAUTHORIZED"
	codeDenied       = "DENIED"
	codeTooMany      = "TOOMANYREQUESTS"
)

// meaning is the status that an answer stands for. Some registries say 404 and
// explain in the body that they mean "denied".
func meaning(status int, codes []string) int {
	for _, c := range codes {
		switch {
		case c == codeTooMany:
			return http.StatusTooManyRequests
		case status == http.StatusNotFound && (c == codeUnauthorized || c == codeDenied):
			return http.StatusForbidden
		}
	}
	return status
}

// failStatus judges an HTTP status other than 200. A 404 is invalid here: the
// one place where it means "not there" is the answer to a GET of a manifest or
// blob, which [session.get] sees to.
func failStatus(step string, status int, codes []string) error {
	said := strings.TrimSpace(fmt.Sprintf("%s: HTTP %d %s", step, status, http.StatusText(status)))
	if len(codes) > 0 && isWord(codes[0]) {
		said = fmt.Sprintf("%s: HTTP %d, %s", step, status, codes[0])
	}
	status = meaning(status, codes)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &failure{state: StateDenied, reason: said + "; it is private, or it does not exist: registries do not tell which"}
	case status == http.StatusTooManyRequests:
		return &failure{state: StateThrottled, reason: said}
	case status == http.StatusRequestTimeout, status >= 500:
		return &failure{state: StateUnreachable, reason: said, transient: true}
	}
	return &failure{state: StateInvalid, reason: said + ", which no registry answers here"}
}

// isWord reports whether a code looks like one, MANIFEST_UNKNOWN. Other text
// is the registry's own, and may repeat what it was sent, such as a login.
func isWord(c string) bool {
	return c != "" && len(c) <= 40 && strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// failTransport judges an error that came instead of an answer, and keeps it as
// the cause.
func failTransport(step string, err error) error {
	f := asFailure(judgeTransport(step, err))
	if f.cause == nil {
		f.cause = err
	}
	return f
}

// judgeTransport judges an error that came instead of an answer. A loopback
// registry is asked over TLS and in the clear, and err may hold both answers:
// the order of the cases prefers the one that tells more.
func judgeTransport(step string, err error) error {
	var (
		known     *failure
		status    *statusError
		netErr    net.Error
		dnsErr    *net.DNSError
		certErr   *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		op        *net.OpError
		errno     syscall.Errno
		syntax    *json.SyntaxError
		mismatch  *json.UnmarshalTypeError
	)
	unreachable := func(transient bool, format string, args ...any) error {
		return &failure{state: StateUnreachable, reason: step + ": " + fmt.Sprintf(format, args...), transient: transient}
	}
	full := err.Error()
	text := lastClause(sanitize.Line(full))
	lost, malformed := judgeHTTP2(err)
	switch {
	case errors.As(err, &known):
		f := *known
		f.reason = step + ": " + f.reason
		return &f
	case errors.As(err, &certErr), errors.As(err, &authority), errors.As(err, &op) && op.Op == "remote error":
		return unreachable(false, "TLS: %s", text)
	case errors.As(err, &status):
		return failStatus(step, status.status, status.codes)
	case errors.As(err, &syntax), errors.As(err, &mismatch):
		return &failure{state: StateInvalid, reason: step + ": the answer is not the JSON that is due"}
	case strings.HasPrefix(full, "body exceeds "): // go-containerregistry's own limit
		return &failure{state: StateInvalid, reason: step + ": the answer is larger than it may be"}
	case errors.As(err, &dnsErr):
		return unreachable(false, "host %s is not found (DNS)", sanitize.Line(dnsErr.Name))
	case errors.As(err, &errno) && errno == syscall.ECONNREFUSED:
		return unreachable(false, "connection refused")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return &failure{state: StateUnreachable, reason: step + ": no answer in time", timeout: true}
	case errors.As(err, &record):
		return unreachable(false, "TLS: %s", text)
	case lost != "":
		return unreachable(true, "connection lost (%s)", lost)
	case malformed != "":
		return &failure{state: StateInvalid, reason: step + ": " + malformed}
	case errors.As(err, &errno), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unreachable(true, "connection lost (%s)", text)
	case strings.Contains(text, "malformed HTTP"):
		return &failure{state: StateInvalid, reason: step + ": " + text}
	}
	return unreachable(false, "%s", text)
}

// lastClause drops the prefixes that wrapping adds: the method and URL, which
// may hold a signed query.
func lastClause(text string) string {
	if i := strings.LastIndex(text, `": `); i >= 0 {
		text = text[i+3:]
	}
	return text
}

// errorCodes reads the codes of an OCI error body; nil when it is none.
func errorCodes(body []byte) []string {
	var e struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	var codes []string
	for _, said := range e.Errors {
		codes = append(codes, said.Code)
	}
	return codes
}

package fault

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// status answers with code and, unless word is empty, an OCI error body.
func status(code int, word string) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		if word != "" {
			writeError(w, word, "the fault is on purpose")
		}
	}
}

func writeError(w io.Writer, word, message string) {
	type diagnostic struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// A client that has gone away is no concern of a fault.
	_ = json.NewEncoder(w).Encode(map[string][]diagnostic{"errors": {{word, message}}})
}

func page(code int) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		fmt.Fprint(w, "<!DOCTYPE html><html><body><h1>Welcome to the airport</h1></body></html>")
	}
}

// throttle answers 429; after is the Retry-After header, "date" the HTTP date
// in an [Hour].
func throttle(after string) Answer {
	return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		switch after {
		case "":
		case "date":
			w.Header().Set("Retry-After", time.Now().Add(Hour).UTC().Format(http.TimeFormat))
		default:
			w.Header().Set("Retry-After", after)
		}
		status(http.StatusTooManyRequests, "TOOMANYREQUESTS")(w, r, inner)
	}
}

func controlCharacters(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	writeError(w, "DENIED"+hostile, hostile)
}

// redirectLoop leads on and on: the address differs each time, so that no
// client can stop because it has seen it.
func redirectLoop(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("lap"))
	q.Set("lap", strconv.Itoa(n+1))
	http.Redirect(w, r, r.URL.Path+"?"+q.Encode(), http.StatusTemporaryRedirect)
}

func redirectNowhere(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// RedirectTo sends requests on to the same path of base, a scheme and host, as
// registries do whose blobs lie with a storage service.
func RedirectTo(base string) Answer {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, base+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}
}

// silent accepts the request and never answers. It holds the bare connection:
// the server itself does not see every client go.
func silent(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	if r.ProtoMajor == 2 {
		<-r.Context().Done()
		return
	}
	if c := hijack(w); c != nil {
		defer c.Close()
		_, _ = io.Copy(io.Discard, c) // until the client has gone
	}
}

// stalledHeader stalls within the header; over HTTP/2, where one is sent at
// once, before it.
func stalledHeader(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	if r.ProtoMajor == 2 {
		silent(w, r, inner)
		return
	}
	if c := hijack(w); c != nil {
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: appl")
		_, _ = io.Copy(io.Discard, c) // until the client has gone
	}
}

// stalledBody sends the header and half of what it promises.
func stalledBody(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	a := record(r, inner)
	if len(a.body) < 2 {
		a.body = []byte("{}")
	}
	a.writeHeader(w, len(a.body))
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	silent(w, r, inner)
}

// reset ends the connection with a TCP reset; over HTTP/2, the stream.
func reset(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	if c := hijack(w); c != nil {
		if secure, ok := c.(*tls.Conn); ok {
			c = secure.NetConn()
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
}

// Switching answers 101 and leaves the connection open, as to another protocol:
// a client that reads on waits without end.
func Switching(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	if c := hijack(w); c != nil {
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other/1\r\n\r\n")
		_, _ = io.Copy(io.Discard, c) // until the client has gone
	}
}

func notHTTP(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	if c := hijack(w); c != nil {
		fmt.Fprint(c, "220 mail.example ESMTP ready"+hostile+"\r\n")
		c.Close()
	}
}

func hijack(w http.ResponseWriter) net.Conn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the nearest thing to a lost connection
	}
	return c
}

// document answers 200 with a body of our own and its right digest.
func document(mediaType, body string) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(body))))
		fmt.Fprint(w, body)
	}
}

// cutOff promises the whole answer and closes the connection halfway.
func cutOff(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	a := record(r, inner)
	a.writeHeader(w, len(a.body))
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// oversized pads the answer with spaces to more than 4 MiB: JSON all the same.
func oversized(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	a := record(r, inner)
	a.body = append(a.body, bytes.Repeat([]byte{' '}, 4<<20)...)
	a.header.Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256(a.body)))
	a.writeHeader(w, len(a.body))
	_, _ = w.Write(a.body)
}

// endless sends spaces until the client has had enough. 64 MiB are endless for
// a document of some kilobytes, and fit on every disk and into every memory
// that a client fills with them.
func endless(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	a := record(r, inner)
	a.writeHeader(w, -1)
	spaces := bytes.Repeat([]byte{' '}, 64<<10)
	for sent := 0; sent < 64<<20 && r.Context().Err() == nil; sent += len(spaces) {
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// slowBody sends the answer in pieces, and all of it within a second.
func slowBody(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	a := record(r, inner)
	a.writeHeader(w, len(a.body))
	piece := len(a.body)/8 + 1
	for rest := a.body; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		_, _ = w.Write(rest[:min(piece, len(rest))])
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond)
	}
}

// recorded is the registry's own answer, to be spoilt.
type recorded struct {
	status int
	header http.Header
	body   []byte
}

func record(r *http.Request, inner http.Handler) *recorded {
	rec := httptest.NewRecorder()
	inner.ServeHTTP(rec, r)
	return &recorded{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// writeHeader promises length bytes, or does not say how many when it is negative.
func (a *recorded) writeHeader(w http.ResponseWriter, length int) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	if length >= 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// change answers what the registry does, spoilt.
func change(spoil func(*recorded)) Answer {
	return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		a := record(r, inner)
		spoil(a)
		a.writeHeader(w, len(a.body))
		_, _ = w.Write(a.body)
	}
}

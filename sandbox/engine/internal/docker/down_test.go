//go:build linux

package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// socketWith is a daemon that gets each connection on a Unix socket.
func socketWith(t *testing.T, serve func(net.Conn)) *docker {
	t.Helper()
	dir, err := os.MkdirTemp("", "ole") // paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "d.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			serve(c)
			c.Close()
		}
	}()
	return at("unix://"+path, time.Minute)
}

// at is docker with a daemon at an address.
func at(host string, limit time.Duration) *docker {
	e := endpoint{host: host}
	e.network, e.address = plainHost(host)
	return &docker{endpoint: e, limit: limit}
}

// answer reads a request and answers with this text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4<<10))
		fmt.Fprint(c, text)
	}
}

// TestDaemonThatIsDown: the reason is the one that it is.
func TestDaemonThatIsDown(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_TLS", "")
	t.Setenv("DOCKER_TLS_VERIFY", "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it accepts, and never answers
	const start = "start it, with `systemctl start docker`"
	none := "unix://" + filepath.Join(dir, "none.sock")
	silent := "tcp://" + l.Addr().String()
	cut := socketWith(t, answer(""))
	switching := socketWith(t, answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
	cutBody := socketWith(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"))
	for name, c := range map[string]struct {
		d              *docker
		reason, remedy string
	}{
		"no socket": {at(none, time.Minute), "no daemon listens on " + none, start},
		"silent":    {at(silent, 50*time.Millisecond), "the daemon at " + silent + " gave no answer within 50ms", "restart the daemon"},
		"cut off":   {cut, "the daemon at " + cut.endpoint.host + ": ", start},
		"switching": {switching, "unexpected answer HTTP 101 Switching Protocols", start},
		"cut body":  {cutBody, "unexpected EOF", start},
	} {
		_, err := c.d.Inspect(t.Context(), "x")
		t.Log(name)
		unavailableFor(t, err, c.reason, c.remedy)
	}
	l.Close()
	_, err = at(silent, time.Minute).Inspect(t.Context(), "x")
	unavailableFor(t, err, "no daemon listens on "+silent, start)
	err = at(none, time.Minute).unavailable(&net.OpError{Op: "dial", Err: fs.ErrPermission})
	unavailableFor(t, err, "no permission to use "+none, "join the docker group")
	err = at(none, time.Minute).unavailable(&net.DNSError{IsTimeout: true})
	unavailableFor(t, err, "gave no answer within 1m0s", "restart the daemon")
	err = at(none, time.Minute).unavailable(&net.DNSError{Err: "no such host"})
	unavailableFor(t, err, "no such host", start)
}

// TestInterruptedWhileTheDaemonThinks ends with the cause.
func TestInterruptedWhileTheDaemonThinks(t *testing.T) {
	cause := errors.New("interrupted by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	d := socketWith(t, func(c net.Conn) {
		cancel(cause)
		_, _ = c.Read(make([]byte, 4<<10))
		_, _ = c.Read(make([]byte, 1)) // until the client hangs up
	})
	if _, err := d.Inspect(ctx, "x"); !errors.Is(err, cause) {
		t.Error(err)
	}
}

// TestRequest: what the daemon is asked.
func TestRequest(t *testing.T) {
	got := make(chan string, 1)
	d := socketWith(t, func(c net.Conn) {
		b := make([]byte, 4<<10)
		n, _ := c.Read(b)
		got <- string(b[:n])
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"+`{"Id":"i"}`)
	})
	if i, err := d.Inspect(t.Context(), "r:1/a@sha256:1"); err != nil || i.ID != "i" {
		t.Errorf("%+v, %v", i, err)
	}
	if r := <-got; !strings.HasPrefix(r, "GET /images/r:1/a@sha256:1/json HTTP/1.1\r\nHost: docker\r\n") || !strings.Contains(r, "Connection: close\r\n") {
		t.Errorf("%q", r)
	}
}

// TestAnswerIsBounded: no more of an answer is read than an image takes.
func TestAnswerIsBounded(t *testing.T) {
	fill := strings.Repeat(" ", maxInspect-len(`{"Id":"i"}`))
	for extra, ok := range map[string]bool{"": true, " ": false} {
		body := extra + `{"Id":"` + `i"}`
		body = fill + body
		d := socketWith(t, answer(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)))
		if _, err := d.Inspect(t.Context(), "x"); (err == nil) != ok {
			t.Errorf("%d bytes: %v", len(body), err)
		}
	}
}

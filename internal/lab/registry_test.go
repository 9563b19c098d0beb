package lab_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestCutManifest: of a sender that dies midway, nothing is kept.
func TestCutManifest(t *testing.T) {
	r := labtest.Registry(t)
	conn, err := net.Dial("tcp", r.Host())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "PUT /v2/x/y/manifests/cut HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\n{")
	conn.Close()
	for end := time.Now().Add(10 * time.Second); len(r.Requests()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the request was not seen")
		}
	}
	if got := r.Requests()[0]; got.Status != 400 || r.Digest("x/y", "cut") != "" {
		t.Errorf("%+v, and the tag names %q", got, r.Digest("x/y", "cut"))
	}
}

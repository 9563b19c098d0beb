package registry

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/sanitize"
)

// checkFailure holds an error of the parsers to what Probe relies on.
func checkFailure(t *testing.T, err error) {
	t.Helper()
	var f *failure
	if !errors.As(err, &f) || f.state != StateInvalid {
		t.Fatalf("%v is no invalid failure", err)
	}
	if f.reason == "" || f.reason != sanitize.Line(f.reason) {
		t.Errorf("reason %q is not fit to print", f.reason)
	}
}

func FuzzIndex(f *testing.F) {
	const oci = "application/vnd.oci.image.index.v1+json"
	for _, seed := range []string{
		`{"schemaVersion":2,"mediaType":"` + oci + `","manifests":[]}`,
		`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:` +
			strings.Repeat("1", 64) + `","size":2,"platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}`,
		`{"schemaVersion":2,"manifests":[{"platform":{"os":"unknown","architecture":"unknown"}},{},{"platform":{"os":"\u001b","architecture":"/"}}]}`,
		`{"schemaVersion":2,"manifests":[{"digest":"sha512:00","platform":{"os":"linux","architecture":"amd64"}}]}`,
		`{"schemaVersion":2,"manifests":[null]}`, `{"schemaVersion":2,"manifests":{}}`, `{"schemaVersion":1}`,
		`{"schemaVersion":2,"config":{}}`, ``, `null`, `<html>`, `{"schemaVersion":2,"mediaType":"\u001b[2J"}`,
	} {
		f.Add([]byte(seed), oci)
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		mt, err := checkMediaType(body, contentType, "tag")
		if err != nil {
			checkFailure(t, err)
			return
		}
		doc := &document{mediaType: mt, body: body}
		if mt.IsImage() {
			if m, err := parseImage(doc, "image"); err != nil {
				checkFailure(t, err)
			} else if h := m.Config.Digest; h.Algorithm != "sha256" {
				t.Errorf("config digest %s", h)
			}
			return
		}
		offered, err := indexOffers(doc)
		if err != nil {
			checkFailure(t, err)
			return
		}
		for _, o := range offered {
			if o.refused != "" {
				continue
			}
			if n, err := platform.Normalize(o.platform); err != nil || n != o.platform {
				t.Errorf("platform %q is offered, its normal form is %q, %v", o.platform, n, err)
			}
			if o.digest.Algorithm != "sha256" || len(o.digest.Hex) != 64 {
				t.Errorf("digest %q is offered", o.digest)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		`{"os":"linux","architecture":"amd64","config":{"Labels":{"a":"b"}}}`,
		`{"os":"linux","architecture":"arm64","variant":"v8","config":null}`,
		`{"os":"linux"}`, `{"os":"\u001b","architecture":"\n"}`, `{"config":{"Labels":[]}}`, `[]`, ``, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parseConfig(body, "child")
		if err != nil {
			checkFailure(t, err)
			return
		}
		if !strings.Contains(c.platform, "/") {
			t.Errorf("platform %q", c.platform)
		}
	})
}

func FuzzErrorCodes(f *testing.F) {
	for _, seed := range []string{
		`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"m","detail":{}}]}`, `{"errors":[{"code":"DENIED\u001b"}]}`,
		`{"errors":[]}`, `{"errors":null}`, `{"errors":[null]}`, `{"errors":{}}`, `{"errors":[{"code":7}]}`, `[]`, ``, `<html>`,
	} {
		f.Add(404, []byte(seed))
		f.Add(503, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		codes := errorCodes(body)
		fail := new(failure)
		if !errors.As(failStatus("tag", status, codes), &fail) {
			t.Fatal("no failure")
		}
		switch fail.state {
		case StateDenied, StateThrottled, StateUnreachable, StateInvalid:
		default:
			t.Errorf("HTTP %d %s gives state %q", status, body, fail.state)
		}
		if fail.reason != sanitize.Line(fail.reason) {
			t.Errorf("reason %q is not fit to print", fail.reason)
		}
		for _, c := range codes {
			if c == codeTooMany && fail.state != StateThrottled && meaning(status, codes) == 429 {
				t.Errorf("HTTP %d %s gives state %q", status, body, fail.state)
			}
		}
	})
}

// challenger answers every request to the registry with a challenge, and every
// other with a token; it notes who was asked, and with which login.
type challenger struct {
	challenge string
	asked     []*http.Request
}

func (c *challenger) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked = append(c.asked, r)
	resp := &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"token":"t"}`)),
	}
	if r.URL.Host == "registry.example" && strings.HasPrefix(r.URL.Path, "/v2/") {
		resp.StatusCode = http.StatusUnauthorized
		resp.Header.Set("WWW-Authenticate", c.challenge)
		resp.Body = http.NoBody
	}
	return resp, nil
}

// FuzzChallenge: whatever a registry that speaks TLS says of its token server,
// nothing goes there in the clear, or into the local network.
func FuzzChallenge(f *testing.F) {
	for _, s := range []string{
		`Bearer realm="https://token.example/token",service="s",scope="repository:a/b:pull"`, `Bearer realm="http://token.example/token"`,
		`Bearer realm="https://127.0.0.1/"`, `Bearer realm="https://localhost/"`, `Bearer realm="file:///etc/passwd"`, `Bearer realm=""`, `Bearer`, `Basic realm="x"`, `Basic`,
		`Negotiate`, ``, `Bearer realm="https://token.example:0x50/%00\x1b[2J"`, `Bearer realm="//token.example"`, `Bearer realm="https://[fe80::1%25eth0]/"`, `bearer REALM=https://t`,
		`Bearer realm="https://token.example/?a=b&a=c",error="invalid_token"`, `Bearer realm="https://user:password@token.example/"`,
		`Bearer realm="0` + strings.Repeat("\x9e", 2000) + "\x00\"",
	} {
		f.Add(s)
	}
	at, err := placeOf("registry.example/a/b")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, challenge string) {
		c := &challenger{challenge: challenge}
		_, err := open(t.Context(), at, credential{login.Login{Username: "robot", Secret: "hunter2"}}, c, time.Second, pull)
		if err != nil {
			fail := asFailure(err)
			if fail.reason == "" || fail.reason != sanitize.Line(fail.reason) || strings.Contains(fail.reason, "hunter2") {
				t.Errorf("reason %q is not fit to print", fail.reason)
			}
		}
		for _, r := range c.asked {
			if r.URL.Scheme != "https" || isInner(r.URL.Hostname()) {
				t.Errorf("%q: asked %s", challenge, r.URL)
			}
			if r.Header.Get("Authorization") != "" && !sameSite("registry.example", r.URL.Hostname()) {
				t.Errorf("%q: the login was sent to %s", challenge, r.URL)
			}
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, s := range []string{"", "0", "1", "3600", "-1", "99999999999999999999", "1.5", "Tue, 24 Nov 2026 13:00:00 GMT", "Tue, 24 Nov 2026 11:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", " 5 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if d := parseRetryAfter(header, now); d < 0 {
			t.Errorf("%q: %s", header, d)
		}
	})
}

package registry

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestRetryNext(t *testing.T) {
	transient := &failure{state: StateUnreachable, transient: true}
	timeout := &failure{state: StateUnreachable, timeout: true}
	throttled := func(after time.Duration) *failure { return &failure{state: StateThrottled, retryAfter: after} }
	const ms = time.Millisecond
	rows := []struct {
		name   string
		retry  Retry
		fail   *failure
		try    int
		waited time.Duration
		wait   time.Duration
		again  bool
	}{
		{"host: first 5xx", HostRetry, transient, 1, 0, 7 * ms, true},
		{"host: second 5xx", HostRetry, transient, 2, 0, 7 * ms, true},
		{"host: third 5xx", HostRetry, transient, 3, 0, 7 * ms, false},
		{"host: time-out", HostRetry, timeout, 1, 0, 0, false},
		{"host: refused", HostRetry, &failure{state: StateUnreachable}, 1, 0, 0, false},
		{"host: denied", HostRetry, &failure{state: StateDenied}, 1, 0, 0, false},
		{"host: invalid", HostRetry, &failure{state: StateInvalid}, 1, 0, 0, false},
		{"host: 429 without Retry-After", HostRetry, throttled(0), 1, 0, time.Second, true},
		{"host: and again", HostRetry, throttled(0), 2, time.Second, 2 * time.Second, true},
		{"host: and again", HostRetry, throttled(0), 3, 3 * time.Second, 4 * time.Second, true},
		{"host: not beyond 10 s", HostRetry, throttled(0), 4, 7 * time.Second, 8 * time.Second, false},
		{"host: Retry-After 10", HostRetry, throttled(10 * time.Second), 1, 0, 10 * time.Second, true},
		{"host: Retry-After 11", HostRetry, throttled(11 * time.Second), 1, 0, 11 * time.Second, false},
		{"CI: time-out", CIRetry, timeout, 1, 0, 7 * ms, true},
		{"CI: third time-out", CIRetry, timeout, 3, 0, 7 * ms, false},
		{"CI: Retry-After 60", CIRetry, throttled(time.Minute), 1, 0, time.Minute, true},
		{"CI: Retry-After 60, after a wait", CIRetry, throttled(time.Minute), 2, 1, time.Minute, false},
		{"CI: denied", CIRetry, &failure{state: StateDenied}, 1, 0, 0, false},
		{"CI: no overflow", CIRetry, throttled(0), 1000, 0, 64 * time.Second, false},
	}
	for _, row := range rows {
		wait, again := row.retry.next(row.fail, row.try, 7*ms, row.waited)
		if again != row.again || again && wait != row.wait {
			t.Errorf("%s: %v, %v; want %v, %v", row.name, wait, again, row.wait, row.again)
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 4, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "7.5": 0, "soon": 0,
		"99999999999999999999":              (1<<31 - 1) * time.Second,
		"Tue, 04 Aug 2026 12:00:30 GMT":     30 * time.Second,
		"Tue, 04 Aug 2026 11:59:00 GMT":     0,
		"Tuesday, 04-Aug-26 12:01:00 GMT":   time.Minute,
		"Tue Aug  4 12:01:00 2026":          time.Minute,
		"Tue, 04 Aug 2026 12:00:30 \x1b[2J": 0,
	} {
		if got := parseRetryAfter(in, now); got != want {
			t.Errorf("parseRetryAfter(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestCheckMediaType(t *testing.T) {
	const oci = types.OCIImageIndex
	rows := []struct {
		body, contentType string
		want              types.MediaType // "": invalid
	}{
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `","manifests":[]}`, string(oci), oci},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"}`, "", oci},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"}`, string(oci) + "; charset=utf-8", oci},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"}`, "application/octet-stream", oci},
		{`{"schemaVersion":2,"manifests":[]}`, string(oci), oci},
		{`{"schemaVersion":2,"config":{}}`, string(types.OCIManifestSchema1), types.OCIManifestSchema1},
		{`{"schemaVersion":2,"config":{}}`, string(oci), ""},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"}`, string(types.DockerManifestList), ""},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"}`, "text/html", ""},
		{`{"schemaVersion":2,"mediaType":"` + string(oci) + `"} trailing`, string(oci), ""},
		{`{"mediaType":"` + string(oci) + `"}`, string(oci), ""},
		{`{"schemaVersion":1}`, "", ""},
		{`{"schemaVersion":2}`, string(types.DockerManifestSchema1Signed), ""},
		{`{"schemaVersion":2,"mediaType":"text/plain"}`, "", ""},
		{`[]`, string(oci), ""}, {`null`, string(oci), ""}, {``, string(oci), ""}, {` <html>`, string(oci), ""},
	}
	for _, row := range rows {
		got, err := checkMediaType([]byte(row.body), row.contentType, "tag")
		if got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s as %q: %q, %v; want %q", row.body, row.contentType, got, err, row.want)
		}
	}
}

// TestMeaning has the registries that say 404 and mean something else.
func TestMeaning(t *testing.T) {
	rows := []struct {
		status int
		code   string
		want   int
	}{
		{404, "MANIFEST_UNKNOWN", 404}, {404, "NAME_UNKNOWN", 404}, {404, "", 404},
		{404, codeUnauthorized, 403}, {404, codeDenied, 403},
		{403, codeTooMany, 429}, {503, codeTooMany, 429},
		{403, "MANIFEST_UNKNOWN", 403}, {500, codeDenied, 500},
	}
	for _, row := range rows {
		if got := meaning(row.status, []string{row.code}); got != row.want {
			t.Errorf("%d %s means %d, want %d", row.status, row.code, got, row.want)
		}
	}
}

func TestGuardRefuses(t *testing.T) {
	rows := []struct {
		from, to string
		refused  bool
	}{
		{"https://ghcr.io/v2/", "https://storage.example/blob", false},
		{"https://ghcr.io/v2/", "https://127.0.0.1/", true},
		{"https://ghcr.io/v2/", "https://localhost:443/", true},
		{"https://ghcr.io/v2/", "https://x.localhost/", true},
		{"https://ghcr.io/v2/", "https://[fe80::1]/", true},
		{"https://ghcr.io/v2/", "http://storage.example/blob", true},
		{"https://ghcr.io/v2/", "https://169.254.169.254/", true},
		{"https://ghcr.io/v2/", "https://[::ffff:169.254.169.254]/", true},
		{"https://ghcr.io/v2/", "https://100.100.100.200/", true},
		{"https://ghcr.io/v2/", "https://[fd00:ec2::254]/", true},
		{"https://ghcr.io/v2/", "https://[fe80::1%25eth0]/", true},
		{"https://ghcr.io/v2/", "https://LOCALHOST./", true},
		{"https://ghcr.io/v2/", "https://127.1/", true},
		{"https://ghcr.io/v2/", "https://2130706433/", true},
		{"https://ghcr.io/v2/", "https://0x7f000001/", true},
		{"https://ghcr.io/v2/", "https://0177.0.0.1/", true},
		{"https://ghcr.io/v2/", "https://127.0.0.1./", true},
		{"https://ghcr.io/v2/", "https:///blob", true},
		{"https://ghcr.io/v2/", "https://1.2.3.4/blob", false},
		{"https://ghcr.io/v2/", "https://s3.amazonaws.com/blob", false},
		{"https://ghcr.io/v2/", "file:///etc/passwd", true},
		{"http://127.0.0.1:5000/v2/", "file:///etc/passwd", true},
		{"http://127.0.0.1:5000/v2/", "gopher://storage.example/", true},
		{"https://10.0.0.1/v2/", "https://10.0.0.2/blob", false}, // a registry inside may keep its blobs inside
		{"http://127.0.0.1:5000/v2/", "http://127.0.0.1:5001/blob", false},
	}
	for _, row := range rows {
		from, _ := url.Parse(row.from)
		to, _ := url.Parse(row.to)
		g := &guard{host: from.Hostname(), tlsOnly: from.Scheme == "https"}
		why := g.refuses(&http.Request{URL: to, Response: &http.Response{Request: &http.Request{URL: from}}})
		if (why != "") != row.refused {
			t.Errorf("%s to %s: refused %q, want %v", row.from, row.to, why, row.refused)
		}
	}
}

// TestPlaceOf: what is no name of a repository, or one that engines complete,
// is not asked for.
func TestPlaceOf(t *testing.T) {
	for repository, want := range map[string]place{
		"ghcr.io/a/b":         {host: "ghcr.io", path: "a/b"},
		"docker.io/a/b":       {host: "index.docker.io", path: "a/b"},
		"index.docker.io/a/b": {},
		"[::1]:5000/a":        {host: "[::1]:5000", path: "a"},
		"docker.io/a":         {}, "index.docker.io/a": {}, "ghcr.io": {}, "ghcr.io/A": {}, "ghcr.io/a:b": {}, "": {},
		"[:]/a": {}, "[1.2:3]/a": {}, "[::1/a": {},
	} {
		at, err := placeOf(repository)
		if at != want || (err == nil) != (want != place{}) {
			t.Errorf("%s: %+v, %v, want %+v", repository, at, err, want)
		}
	}
}

func TestSameSite(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"ghcr.io", "ghcr.io", true}, {"registry.gitlab.com", "gitlab.com", true}, {"index.docker.io", "auth.docker.io", true},
		{"Registry.Example.com", "auth.example.com", true}, {"a.example.co.uk", "b.example.co.uk", true}, {"127.0.0.1", "127.0.0.1", true},
		{"ghcr.io", "evil.example", false}, {"a.co.uk", "b.co.uk", false}, {"a.github.io", "b.github.io", false},
		{"127.0.0.1", "127.0.0.2", false}, {"10.0.0.1", "11.0.0.1", false}, {"localhost", "127.0.0.1", false}, {"example.com", "example.com.evil.example", false}, {"com", "com", true}, {"a", "b", false},
	} {
		if got := sameSite(row.a, row.b); got != row.want {
			t.Errorf("%s and %s: %v", row.a, row.b, got)
		}
	}
}

// TestInTheClear: these are asked over TLS first, and in the clear where they
// do not speak it. Nobody else is.
func TestInTheClear(t *testing.T) {
	for host, want := range map[string]bool{
		"ghcr.io": false, "registry.example:80": false, "registry.internal:5000": false, "registry.local:5000": false, "8.8.8.8:5000": false, "[2001:db8::1]:5000": false, "169.254.169.254": false,
		"127.0.0.1:5000": true, "localhost:5000": true, "[::1]:5000": true, "10.0.0.1:5000": true, "192.168.0.1": true,
	} {
		at, err := placeOf(host + "/x/y")
		if err != nil || at.mayBeClear() != want {
			t.Errorf("%s: %t, %v, want %t", host, at.mayBeClear(), err, want)
		}
	}
}

package tag

import (
	"strings"
	"testing"
)

// TestHostsAndPaths looks at the ends of every range of characters, numbers
// and positions that a repository's name may have.
func TestHostsAndPaths(t *testing.T) {
	for _, good := range []string{
		"localhost/a", "a.b/a", "z.z/z", "0.a/0", "9.z/9", "0.0.0.0/0", "255.255.255.255:9/9", "1.0xg/a", "docker.io/library/x", "docker.io/x/y", "docker.io:443/x", "x.docker.io/x", "a-b.c/d", "a.b:1/c", "a.b:65535/c", "[::1]/a", "[::1]:1/a", "[fe80::1]:5000/a/b",
		"a.b/a-b", "a.b/a--b", "a.b/a_b", "a.b/a__b", "a.b/a.b", "a.b/az09",
	} {
		if err := CheckRepository(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"localhost/:tag": "has a tag", "localhost/a:tag": "has a tag",
		"a.b:0/c": "is not a port", "a.b:65536/c": "is not a port", "a.b:/c": "is not a port", "[::1]x/c": "is not a port", "[::1]5/c": "is not a port",
		"[::1/a": "not an IPv6 address", "[]/a": "does not start with a registry host", "[:g]/a": "not an IPv6 address", "[1.2]/a": "not an IPv6 address",
		"-a.b/c": "starts with a dash", "x.-a.b/c": "host name label", "a-.b/c": "host name label", "a_b.c/d": "host name label", "a..b/c": "host name label", ":5/a": `"" is not a host name label`, ".b/a": "host name label",
		"a`.b/c": "host name label", "a{.b/c": "host name label", "a.b/-": "path component", "a.b/a-": "path component", "a.b/-a": "path component",
		"a.b/a___b": "path component", "a.b/a..b": "path component", "a.b/a._b": "path component", "a.b/": "path component", "a.b/c//d": "path component",
		"a.b/`": "path component", "a.b/{": "path component", "a.b/A": "upper-case", "a.b/c@d": "has a digest", "a": "does not start with a registry host",
	} {
		if err := CheckRepository(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", bad, err, want)
		}
	}
	for in, want := range map[string]string{"a": "docker.io/library/a", "a/b": "docker.io/a/b", "a/b:c": "docker.io/a/b"} {
		if err := CheckRepository(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want the hint %s", in, err, want)
		}
	}
}

// TestIsIdentity: 64 lower-case hex digits, no more and no less.
func TestIsIdentity(t *testing.T) {
	all := strings.Repeat("0123456789abcdef", 4)
	for text, want := range map[string]bool{all: true, all[1:]: false, all + "0": false, all[1:] + "g": false, all[1:] + "A": false, "": false} {
		if got := IsIdentity(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

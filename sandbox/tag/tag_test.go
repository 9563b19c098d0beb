package tag_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/tag"
)

// The vectors of the contract. A change here is a change of every published
// name: it needs a new contract version, not a new number in this table.
var vectors = []struct{ containerfile, tag string }{
	{"", "e3b0c44298fc"},
	{"abc", "ba7816bf8f01"},
	{"FROM ubuntu:24.04\n", "da2fe84f2c45"},
	{"FROM scratch\n", "bb57c7da220a"},
	{"FROM scratch\r\n", "ad10a0fc657e"},
	{"\xef\xbb\xbfFROM scratch\n", "a45855f7ede3"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		if got := tag.Of([]byte(v.containerfile)); got != v.tag {
			t.Errorf("Of(%q) = %s, want %s", v.containerfile, got, v.tag)
		}
		if id := tag.Identity([]byte(v.containerfile)); !strings.HasPrefix(id, v.tag) || len(id) != 64 {
			t.Errorf("Identity(%q) = %s, want 64 digits that start with %s", v.containerfile, id, v.tag)
		}
	}
}

func TestImportsStandardLibraryOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != "github.com/vessux/openlock/sandbox/tag" {
		t.Errorf("packages outside the standard library:\n%s", got)
	}
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	for _, repository := range []string{
		"ghcr.io/vessux/openlock-base",
		"localhost/base",
		"127.0.0.1:5000/a/b/c",
		"[::1]:5000/base",
		"mirror.example/a__b/c.d/e--f",
		"ghcr.io/" + strings.Repeat("a", 247), // the longest
	} {
		want, err := tag.New(repository, []byte("abc"))
		if err != nil {
			t.Errorf("New(%q): %v", repository, err)
			continue
		}
		got, err := tag.Parse(want.String())
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v; want %v", want, got, err, want)
		}
	}
}

func TestBadRefsNameTheirCulprit(t *testing.T) {
	for _, c := range []struct{ ref, culprit string }{
		{"ghcr.io/vessux/base", "no tag"},
		{"localhost:5000/base", "no tag"},
		{"", "no tag"},
		{"ghcr.io/vessux/base:latest", `tag "latest"`},
		{"ghcr.io/vessux/base:BA7816BF8F01", `tag "BA7816BF8F01"`},
		{"ghcr.io/vessux/base:ba7816bf8f0", "not 12"},
		{"ghcr.io/vessux/base:ba7816bf8f01a", "not 12"},
		{"ghcr.io/vessux/base@sha256:ba7816bf", "digest"},
		{"vessux/base:ba7816bf8f01", "registry host"},
	} {
		_, err := tag.Parse(c.ref)
		if err == nil || !strings.Contains(err.Error(), c.culprit) {
			t.Errorf("Parse(%q): error %v, want one with %q", c.ref, err, c.culprit)
		}
	}
}

func TestBadRepositoriesNameTheirCulprit(t *testing.T) {
	for _, c := range []struct{ repository, culprit string }{
		{"", "empty"},
		{"ghcr.io/Vessux/base", "upper-case"},
		{"ghcr.io/ves sux/base", "white space"},
		{"ghcr.io/vessux/base\n", "white space"},
		{"-v/base", "dash"},
		{"ghcr.io/vessux/base:v1", `tag ("v1")`},
		{"ghcr.io/vessux/base@sha256:00", "digest"},
		{"https://ghcr.io/vessux/base", "URL"},
		{"vessux/base", "docker.io/vessux/base"},
		{"base", "docker.io/library/base"},
		{"ghcr.io", "registry host"},
		{"ghcr.io/", `component ""`},
		{"ghcr.io/a//b", `component ""`},
		{"ghcr.io/../b", `component ".."`},
		{"ghcr.io/a___b", "component"},
		{"ghcr.io/a._b", "component"},
		{"ghcr.io/a-", "component"},
		{"ghcr.io/a\x1b[31m", "component"},
		{"ghcr..io/a", `host "ghcr..io"`},
		{"ghcr.io:/a", "port"},
		{"ghcr.io:65536/a", "port"},
		{"ghcr.io:0/a", "port"},
		{"ghcr.io:+5/a", "port"},
		{"-.io/a", "dash"},
		{"a.-b/c", "host"},
		{"[::1/a", "IPv6"},
		{"[::1]5000/a", "port"},
		{"ghcr.io/" + strings.Repeat("a", 248), "has 256 characters, at most 255"},
		{"docker.io/x", "docker.io/library/x"},
		{"index.docker.io/x", "docker.io/library/x"},
		{"index.docker.io/x/y", "docker.io/x/y"},
		{"[:]/x", "IPv6"},
		{"[1.2:3]/x", "IPv6"},
		{"[::ffff:1.2.3.4]/x", "1.2.3.4"},
		{"[::ffff:102:304]:5000/x", "1.2.3.4"},
		{"[::1.2.3.4]/x", "IPv6"},
		{"[1:2:3:4:5:6:7:8:9]/x", "IPv6"},
		{"[1::2::3]/x", "IPv6"},
		{"[12345::]/x", "IPv6"},
		{"[0:0:0:0:0:0:0:1]/x", "[::1]"},
		{"[::0001]:5000/x", "[::1]"},
		{"256.1.1.1/x", "IPv4"},
		{"1.2.3/x", "IPv4"},
		{"01.2.3.4/x", "IPv4"},
		{"1.2.3.4.5:5000/x", "IPv4"},
		{"2130706433:5000/x", "IPv4"},
		{"0x7f.0x1/x", "IPv4"},
		{"a.1/x", "IPv4"},
		{"ghcr.io/" + strings.Repeat("a", 255), "at most 255"},
	} {
		err := tag.CheckRepository(c.repository)
		if err == nil || !strings.Contains(err.Error(), c.culprit) {
			t.Errorf("CheckRepository(%q): error %v, want one with %q", c.repository, err, c.culprit)
		}
	}
}

func FuzzOf(f *testing.F) {
	for _, v := range vectors {
		f.Add([]byte(v.containerfile))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h := sha256.New()
		h.Write(b)
		if got, want := tag.Of(b), hex.EncodeToString(h.Sum(nil))[:12]; got != want {
			t.Errorf("Of(%q) = %s, want %s", b, got, want)
		}
		if !bytes.Equal(b, before) {
			t.Error("the input was changed")
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"ghcr.io/vessux/openlock-base:ba7816bf8f01", "localhost/b:ba7816bf8f01",
		"[::1]:5000/b:ba7816bf8f01", "-x/y:ba7816bf8f01", "a/b:c@sha256:d", "a.b/c//d:ba7816bf8f01",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := tag.Parse(s)
		if err != nil {
			return
		}
		if r.String() != s {
			t.Errorf("Parse(%q) writes back %q", s, r)
		}
		// What is accepted goes to engines as an argument and to terminals.
		if s[0] == '-' || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
			t.Errorf("Parse(%q) accepted text that is unsafe on a command line", s)
		}
	})
}

func ExampleOf() {
	fmt.Println(tag.Of([]byte("FROM scratch\n")))
	// Output: bb57c7da220a
}

func ExampleIdentity() {
	fmt.Println(tag.Identity([]byte("abc")))
	// Output: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
}

func ExampleNew() {
	ref, err := tag.New("ghcr.io/vessux/openlock-base", []byte("FROM scratch\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ref)
	// Output: ghcr.io/vessux/openlock-base:bb57c7da220a
}

func ExampleParse() {
	_, err := tag.Parse("ghcr.io/vessux/openlock-base:latest")
	fmt.Println(err)
	// Output: ref "ghcr.io/vessux/openlock-base:latest": tag "latest" is not 12 lower-case hex digits
}

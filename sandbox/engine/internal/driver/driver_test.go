package driver

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/engine"
)

func TestPlatform(t *testing.T) {
	if got := HostPlatform(); got != strings.Join([]string{"linux", runtime.GOARCH}, "/") {
		t.Errorf("this machine runs %q", got)
	}
	for want, p := range map[string][3]string{
		"linux/arm64": {"linux", "arm64", "v8"}, "linux/arm/v7": {"linux", "arm", "v7"}, "linux/amd64": {"linux", "amd64", ""}, "/ [2J": {"", "\x1b[2J", ""},
	} {
		if got := Platform(p[0], p[1], p[2]); got != want {
			t.Errorf("%q: %q, want %q", p, got, want)
		}
	}
}

func TestSaysMissing(t *testing.T) {
	for text, want := range map[string]bool{
		"x: image not known": true, "No such image: x": true, "error: no such object: x": true, "no such file": false, "": false,
	} {
		if SaysMissing(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}

// TestBuild: what engines are called with, and the ID that they report.
func TestBuild(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	file := []byte("FROM scratch\n")
	var dir string
	for _, noCache := range []bool{false, true} {
		id, err := Build(engine.BuildRequest{Containerfile: file, Platform: "linux/arm64", Labels: map[string]string{"a": "b c"}, NoCache: noCache}, func(d string, args []string) error {
			dir = d
			want := []string{"--file", args[1], "--iidfile", args[3], "--platform", "linux/arm64", "--label", "a=b c"}
			if noCache {
				want = append(want, "--no-cache")
			}
			if got, err := os.ReadFile(args[1]); !slices.Equal(args, want) || err != nil || string(got) != string(file) {
				t.Errorf("%q, %q, %v", args, got, err)
			}
			return os.WriteFile(args[3], []byte(" sha256:1\n"), 0o600)
		})
		if err != nil || id != "sha256:1" {
			t.Errorf("%q, %v", id, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}

// TestBuildThatFails: it failed, or it left no ID.
func TestBuildThatFails(t *testing.T) {
	failure := errors.New("it fails")
	request := engine.BuildRequest{Containerfile: []byte("FROM scratch\n")}
	if _, err := Build(request, func(string, []string) error { return failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
	const none = "the build succeeded but left no image ID"
	if _, err := Build(request, func(string, []string) error { return nil }); err == nil || err.Error() != none {
		t.Error(err)
	}
	if _, err := Build(request, func(_ string, args []string) error { return os.WriteFile(args[3], []byte(" \n"), 0o600) }); err == nil || err.Error() != none {
		t.Error(err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	if _, err := Build(request, func(string, []string) error { t.Error("it runs"); return nil }); err == nil {
		t.Error("it is built without a directory")
	}
}

func TestNoLogins(t *testing.T) {
	n, err := NewNoLogins()
	if err != nil {
		t.Fatal(err)
	}
	path, err := n.Write("a.json", Entry("r:1/a/b", engine.PullOptions{}, "x"))
	if text, _ := os.ReadFile(path); err != nil || filepath.Dir(path) != n.Dir || string(text) != `{"r:1":"x"}` {
		t.Errorf("%s: %s, %v", path, text, err)
	}
	if _, err := n.Write("b.json", func() {}); err == nil {
		t.Error("what has no JSON is written")
	}
	n.Remove()
	if _, err := os.Stat(n.Dir); err == nil {
		t.Error("it is left")
	}
}

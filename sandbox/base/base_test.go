package base_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/tag"
)

func TestEmbeddedBytesAreTheFiles(t *testing.T) {
	file, err := os.ReadFile("base.Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, base.Containerfile()) {
		t.Error("what is embedded is not the file")
	}
	if bytes.Contains(file, []byte("\r")) {
		t.Error("the file has carriage returns: was it checked out without .gitattributes?")
	}
	if err := tag.CheckRepository(base.Repository); err != nil {
		t.Error(err)
	}
}

func TestCallersCannotChangeTheEmbeddedBytes(t *testing.T) {
	base.Containerfile()[0] ^= 1
	if file, _ := os.ReadFile("base.Containerfile"); !bytes.Equal(file, base.Containerfile()) {
		t.Error("they can")
	}
}

// TestEarlyTags: the table names the three tags that were published before the
// label, by sound digests where it has any, and callers cannot change it.
func TestEarlyTags(t *testing.T) {
	early := base.Default().Early
	if got := slices.Sorted(maps.Keys(early)); !slices.Equal(got, []string{"2da46a0c4e1f", "9c3d53d34b63", "c00459a7735d"}) {
		t.Errorf("%q", got)
	}
	for name, digests := range early {
		if n := len(digests); n != 0 && n != 1+len(sandbox.Platforms()) {
			t.Errorf("%s has %d digests, want those of the index and of each platform", name, n)
		}
		for _, d := range digests {
			if hex, found := strings.CutPrefix(d, "sha256:"); !found || !tag.IsIdentity(hex) {
				t.Errorf("%s: digest %q", name, d)
			}
		}
	}
	early["c00459a7735d"] = append(early["c00459a7735d"], "x")
	delete(early, "2da46a0c4e1f")
	if again := base.Default().Early; len(again) != 3 || slices.Contains(again["c00459a7735d"], "x") {
		t.Errorf("a caller has changed it: %q", again)
	}
}

// TestGitKeepsTheBytes clones a repository with our .gitattributes the way Git
// for Windows does by default, with carriage returns put into text files.
func TestGitKeepsTheBytes(t *testing.T) {
	attributes, err := os.ReadFile(filepath.Join("..", "..", ".gitattributes"))
	if err != nil {
		t.Fatal(err)
	}
	origin, clone := t.TempDir(), filepath.Join(t.TempDir(), "clone")
	files := map[string][]byte{
		".gitattributes":                  attributes,
		"sandbox/base/base.Containerfile": base.Containerfile(),
		"crlf.Containerfile":              []byte("FROM scratch\r\n"),
		"control.txt":                     []byte("a line\n"),
	}
	for name, body := range files {
		path := filepath.Join(origin, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, origin, "init", "--quiet")
	git(t, origin, "-c", "core.autocrlf=true", "add", ".")
	git(t, origin, "commit", "--quiet", "--message", "x")
	git(t, origin, "-c", "core.autocrlf=true", "clone", "--quiet", origin, clone)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(clone, name))
		if err != nil {
			t.Fatal(err)
		}
		if same := bytes.Equal(got, want); same != (filepath.Ext(name) == ".Containerfile") && filepath.Ext(name) != ".gitattributes" {
			t.Errorf("%s: bytes unchanged: %t", name, same)
		}
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
	cmd.Dir = dir
	// The user may have settings of their own for line ends.
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

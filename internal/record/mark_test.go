package record

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMark(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	if got := Marked(dir, "a"); got != "" {
		t.Errorf("marked before: %q", got)
	}
	for _, image := range []string{"sha256:1", "sha256:2"} {
		if err := Mark(dir, "a", image); err != nil {
			t.Fatal(err)
		}
		if got := Marked(dir, "a"); got != image {
			t.Errorf("%q, want %q", got, image)
		}
	}
	if got := Marked(dir, "b"); got != "" {
		t.Errorf("another key: %q", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if Load(dir, "a") != nil {
		t.Error("a mark is read as a record")
	}
}

// TestMarkWithoutDirectory: nothing is looked for in the working directory.
func TestMarkWithoutDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Mark(".", "a", "sha256:1"); err != nil {
		t.Fatal(err)
	}
	if got := Marked("", "a"); got != "" {
		t.Errorf("%q", got)
	}
}

// TestMarkIsALink: a file of that name is no mark, and gives way to one.
func TestMarkIsALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(stem(dir, "a")+".image", []byte("sha256:1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Marked(dir, "a"); got != "" {
		t.Errorf("a file is read as a mark: %q", got)
	}
	if err := Mark(dir, "a", "sha256:2"); err != nil || Marked(dir, "a") != "sha256:2" {
		t.Errorf("%v, %q", err, Marked(dir, "a"))
	}
}

package release

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBinaries: two builds give the same bytes, and the checksums are theirs.
func TestBinaries(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	for _, dir := range []string{one, two} {
		if err := Binaries(t.Context(), dir, digest, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(one)
	if err != nil || len(files) != len(Targets)+1 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		a, errA := os.ReadFile(filepath.Join(one, f.Name()))
		b, errB := os.ReadFile(filepath.Join(two, f.Name()))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v, %v)", f.Name(), errA, errB)
		}
		if !bytes.Contains(a, []byte(digest)) && f.Name() != Sums {
			t.Errorf("%s does not hold the digest", f.Name())
		}
		if root, _ := os.Getwd(); bytes.Contains(a, []byte(filepath.Dir(root))) {
			t.Errorf("%s holds a path of this machine", f.Name())
		}
	}
	if err := Binaries(t.Context(), one, "", io.Discard); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a directory with files: %v", err)
	}
}

func TestCreateArgs(t *testing.T) {
	for tag, pre := range map[string]bool{"v1.2.3": false, "v1.2.3-rc.1": true, "v1.2.3-beta": true, "v0.0.1-alpha.2": true} {
		args, err := createArgs(tag)
		if err != nil || slices.Contains(args, "--prerelease") != pre {
			t.Errorf("%s: %q, %v", tag, args, err)
		}
	}
	for _, tag := range []string{"", "main", "v1", "v1.2", "-v1.2.3", "v1.2.3 --latest", "v1.2.3\n"} {
		if args, err := createArgs(tag); err == nil {
			t.Errorf("%q: %q", tag, args)
		}
	}
}

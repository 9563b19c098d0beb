package release

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/labtest"
)

// targets are some of those of a release: lint builds openlock for all of
// them.
var targets = []string{"linux/amd64", "windows/amd64"}

// TestBinaries: two builds give the same bytes, and the checksums are theirs.
func TestBinaries(t *testing.T) {
	labtest.Slow(t, "links the programs for several platforms, twice")
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	for _, dir := range []string{one, two} {
		if err := Binaries(t.Context(), dir, digest, targets, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(one)
	if err != nil || len(files) != len(targets)*len(programs)+1 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		a, errA := os.ReadFile(filepath.Join(one, f.Name()))
		b, errB := os.ReadFile(filepath.Join(two, f.Name()))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v, %v)", f.Name(), errA, errB)
		}
		if pulls := !strings.HasPrefix(f.Name(), "openlock-verify") && f.Name() != Sums; pulls != bytes.Contains(a, []byte(digest)) {
			t.Errorf("%s holds the digest: %t", f.Name(), !pulls)
		}
		if root, _ := os.Getwd(); bytes.Contains(a, []byte(filepath.Dir(root))) {
			t.Errorf("%s holds a path of this machine", f.Name())
		}
	}
	if err := Binaries(t.Context(), one, "", targets, io.Discard); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a directory with files: %v", err)
	}
}

func TestCreateArgs(t *testing.T) {
	for tag, pre := range map[string]bool{"v1.2.3": false, "v1.2.3-rc.1": true, "v1.2.3-beta": true, "v0.0.1-alpha.2": true} {
		if args := createArgs(tag); checkVersion(tag) != nil || slices.Contains(args, "--prerelease") != pre {
			t.Errorf("%s: %q", tag, args)
		}
	}
	for _, tag := range []string{"", "main", "v1", "v1.2", "-v1.2.3", "v1.2.3 --latest", "v1.2.3\n", "v1.2.3+build", "v2.0.0", "v01.2.3", "v1.2.3-"} {
		if checkVersion(tag) == nil {
			t.Errorf("%q is a version", tag)
		}
	}
}

package containerfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/containerfile"
)

func write(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Containerfile")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadReturnsExactBytes(t *testing.T) {
	for _, want := range [][]byte{
		[]byte("FROM scratch\r\n"),
		[]byte("\xef\xbb\xbfFROM scratch\n"),
		{0},
		bytes.Repeat([]byte("#"), containerfile.MaxSize),
	} {
		got, err := containerfile.Read(write(t, want))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d bytes, %v", len(want), len(got), err)
		}
	}
}

func TestReadFollowsLinks(t *testing.T) {
	target := write(t, []byte("FROM scratch\n"))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("symbolic links cannot be made here: %v", err)
	}
	if b, err := containerfile.Read(link); err != nil || string(b) != "FROM scratch\n" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBadFilesAreNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct{ path, culprit string }{
		{missing, ""},
		{t.TempDir(), "directory"},
		{write(t, nil), "empty"},
		{write(t, bytes.Repeat([]byte("#"), containerfile.MaxSize+1)), "larger than 1 MiB"},
		{"", ""},
	} {
		_, err := containerfile.Read(c.path)
		if err == nil || !strings.Contains(err.Error(), c.culprit) || !strings.HasPrefix(err.Error(), "containerfile ") {
			t.Errorf("%q: error %v, want one with %q", c.path, err, c.culprit)
		}
	}
	if runtime.GOOS != "windows" {
		if _, err := containerfile.Read(os.DevNull); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("device: error %v", err)
		}
	}
}

package smallfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/smallfile"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path string
		size       int
		want       string // in the error; empty: none
	}{
		{"empty", write("empty", 0), 0, ""},
		{"the largest", write("largest", smallfile.MaxSize), smallfile.MaxSize, ""},
		{"too large", write("large", smallfile.MaxSize+1), 0, "is larger than 1 MiB"},
		{"directory", dir, 0, "is a directory"},
		{"missing", filepath.Join(dir, "missing"), 0, "missing: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := smallfile.Read(c.path)
			if len(b) != c.size {
				t.Errorf("%d bytes, want %d", len(b), c.size)
			}
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			pathErr := (*fs.PathError)(nil)
			if !errors.As(err, &pathErr) || pathErr.Path != c.path || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one of %s with %q", err, c.path, c.want)
			}
		})
	}
}

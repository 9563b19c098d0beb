package layout_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/layout"
)

func TestUnpack(t *testing.T) {
	for _, row := range []struct {
		name string
		kind byte
		want string // part of the error
	}{
		{"blobs/sha256/x", tar.TypeReg, ""},
		{"../x", tar.TypeReg, "outside of its root"},
		{"/x", tar.TypeReg, "outside of its root"},
		{"x", tar.TypeSymlink, "neither a file nor a directory"},
		{"oci-layout", tar.TypeReg, "exists"}, // twice
	} {
		dir := filepath.Join(t.TempDir(), "layout")
		err := layout.Unpack(archive(t, tar.Header{Name: "oci-layout", Typeflag: tar.TypeReg, Size: 2, Mode: 0o644}, tar.Header{Name: row.name, Typeflag: row.kind, Linkname: "/etc"}), dir)
		if row.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "oci-layout")); err != nil || string(b) != "{}" {
			t.Errorf("%s: %q, %v", row.name, b, err)
		}
	}
	if err := layout.Unpack(strings.NewReader("no archive"), t.TempDir()); err == nil {
		t.Error("text passes for an archive")
	}
}

func archive(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("{}")[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

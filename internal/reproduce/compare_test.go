package reproduce

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func file(name, body string, change func(*tar.Header)) func(*tar.Writer) {
	return func(w *tar.Writer) {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if change != nil {
			change(h)
		}
		w.WriteHeader(h)
		io.WriteString(w, body)
	}
}

func image(t *testing.T, config func(*v1.ConfigFile), files ...func(*tar.Writer)) v1.Image {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		f(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	i, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := i.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c = c.DeepCopy()
	if config != nil {
		config(c)
	}
	if i, err = mutate.ConfigFile(i, c); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestCompare(t *testing.T) {
	first := image(t, nil, file("a", "x", nil), file("b", "y", nil))
	for name, row := range map[string]struct {
		second v1.Image
		want   []string
	}{
		"same":       {image(t, nil, file("a", "x", nil), file("b", "y", nil)), nil},
		"content":    {image(t, nil, file("a", "z", nil), file("b", "y", nil)), []string{"layer 0, a: its content"}},
		"size":       {image(t, nil, file("a", "xx", nil), file("b", "y", nil)), []string{"layer 0, a: size 1 and 2"}},
		"mode":       {image(t, nil, file("a", "x", func(h *tar.Header) { h.Mode = 0o755 }), file("b", "y", nil)), []string{"layer 0, a: mode 0644 and 0755"}},
		"owner":      {image(t, nil, file("a", "x", func(h *tar.Header) { h.Uid = 7 }), file("b", "y", nil)), []string{"layer 0, a: owner 0:0 and 7:0"}},
		"time":       {image(t, nil, file("a", "x", func(h *tar.Header) { h.ModTime = time.Unix(1, 0) }), file("b", "y", nil)), []string{"layer 0, a: time 1970-01-01T00:00:00Z and 1970-01-01T00:00:01Z"}},
		"attributes": {image(t, nil, file("a", "x", func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr.user.a": "b"} }), file("b", "y", nil)), []string{"layer 0, a: its extended attributes"}},
		"missing":    {image(t, nil, file("a", "x", nil), file("c\x1b[2J", "y", nil)), []string{"layer 0, b: in the first build only", "layer 0, c [2J: in the second build only"}},
		"order":      {image(t, nil, file("b", "y", nil), file("a", "x", nil)), []string{"layer 0: the same files in another order or compression"}},
		"config":     {image(t, func(c *v1.ConfigFile) { c.Created = v1.Time{Time: time.Unix(1, 0)} }, file("a", "x", nil), file("b", "y", nil)), []string{"config: created "}},
		"label":      {image(t, func(c *v1.ConfigFile) { c.Config.Labels = map[string]string{"a": "b"} }, file("a", "x", nil), file("b", "y", nil)), []string{"config: settings "}},
	} {
		found, err := Compare(first, row.second)
		if err != nil || len(found) != len(row.want) {
			t.Errorf("%s: %v, %v", name, found, err)
			continue
		}
		for i, d := range found {
			if !strings.HasPrefix(d.String(), row.want[i]) {
				t.Errorf("%s: %q, want %q", name, d, row.want[i])
			}
		}
	}
}

package release_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/dev/release"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestLegacy prints rows for the tags of the table by what a registry has.
func TestLegacy(t *testing.T) {
	r := labtest.Registry(t)
	b := base.Default()
	b.Repository = r.Host() + "/vessux/openlock-base"
	legacy := func() (rows, notes string, err error) {
		var out, said bytes.Buffer
		err = release.Legacy(t.Context(), b, registry.Options{Retry: registry.Retry{Tries: 1}}, &out, &said)
		return out.String(), said.String(), err
	}
	put := func(name, label string) *lab.Published {
		t.Helper()
		labels := map[string]string{"of": name} // other bits for each tag
		if label != "" {
			labels[tag.Label] = label
		}
		p, err := lab.PublishLabelled(t.Context(), tag.Ref{Repository: b.Repository, Tag: name}, labels, sandbox.Platforms()...)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	row := func(name string, p *lab.Published) string {
		return "\t\"" + name + "\": {\n\t\t\"" + strings.Join([]string{p.Digest, p.Children["linux/amd64"], p.Children["linux/arm64"]}, "\",\n\t\t\"") + "\",\n\t},\n"
	}

	first := put("2da46a0c4e1f", "")
	put("9c3d53d34b63", "9c3d53d34b63"+strings.Repeat("0", 52))
	rows, notes, err := legacy()
	if rows != row("2da46a0c4e1f", first) || !strings.Contains(notes, "tag 9c3d53d34b63 carries the label") {
		t.Errorf("rows:\n%s\nnotes: %s", rows, notes)
	}
	if err == nil || !strings.Contains(err.Error(), "c00459a7735d") || strings.Contains(err.Error(), "2da46a0c4e1f") {
		t.Errorf("a tag that does not exist: %v", err)
	}

	second := put("c00459a7735d", "")
	if rows, _, err = legacy(); err != nil || rows != row("2da46a0c4e1f", first)+row("c00459a7735d", second) {
		t.Errorf("%v\n%s", err, rows)
	}

	b.Early["c00459a7735d"] = []string{first.Digest}
	if rows, _, err = legacy(); err == nil || !strings.Contains(err.Error(), "it was moved") || strings.Contains(rows, "c00459a7735d") {
		t.Errorf("a moved tag: %v\n%s", err, rows)
	}

	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config := `{"auths": {"` + r.Host() + `": {"auth": "cm9ib3Q6aHVudGVyMg=="}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	private := fault.Private{Logins: []fault.Login{{User: "robot", Password: "hunter2"}}}
	r.Wrap(func(inner http.Handler) http.Handler { return fault.Bearer(inner, private) })
	if rows, _, err = legacy(); err == nil || rows != "" {
		t.Errorf("a private repository: %v\n%s", err, rows)
	}
}

package api_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/dev/api"
	"github.com/vessux/openlock/internal/lab"
)

var update = flag.Bool("update", false, "write docs/api.txt")

// most is the size that the public surface may have, in lines. Each one is a
// promise from v1.0.0 on.
const most = 180

// TestSurface compares the exported surface with the listing that reviewers
// see, docs/api.txt; -update writes it.
func TestSurface(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := api.Listing(root)
	if err != nil {
		t.Fatal(err)
	}
	got, path := strings.Join(lines, "\n")+"\n", filepath.Join(root, "docs", "api.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the exported surface has changed: run `go test ./internal/dev/api -update`, and weigh every line of the difference")
	}
	if len(lines) > most {
		t.Errorf("%d exported identifiers and methods; at most %d are allowed", len(lines), most)
	}
}

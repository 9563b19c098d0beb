package sandbox_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports keeps the dependencies pointing one way. What stands here costs
// every program that imports the library, at every start.
func TestImports(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs go list")
	}
	for _, c := range []struct{ pattern, forbidden string }{
		{"./...", "github.com/spf13/"},
		{"./...", "github.com/magefile/"},
		{"./...", "github.com/vessux/openlock/tools/"},
		{"../...", "github.com/sigstore/"}, // tools/verify is a module of its own
		{".", "github.com/moby/"},          // the linter's parser is CI's business
		{"./builder", "github.com/moby/"},
		{"./...", "testing"},
		{"../tools/openlock", "github.com/moby/"},
		{"../tools/openlock", "github.com/magefile/"},
		{"../tools/openlock", "github.com/vessux/openlock/internal/lab"},
	} {
		out, err := exec.Command("go", "list", "-deps", c.pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range strings.Fields(string(out)) {
			if p == c.forbidden || strings.HasSuffix(c.forbidden, "/") && strings.HasPrefix(p, c.forbidden) {
				t.Errorf("%s imports %s", c.pattern, p)
			}
		}
	}
}

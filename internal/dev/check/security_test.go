package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

var (
	testNames   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	scriptNames = regexp.MustCompile("`([a-z]+/[a-z-]+\\.txtar)`")
	attackNames = regexp.MustCompile(`(?:^|[^*])\*([^*\n]+)\*(?:[^*]|$)`)
)

// claimed returns what SECURITY.md names as shown by, and does not exist in the
// tests' sources.
func claimed(text, tests string, exists func(script string) bool) (missing []string) {
	for _, m := range testNames.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(tests, "\nfunc "+m[1]+"(") {
			missing = append(missing, m[1])
		}
	}
	for _, m := range scriptNames.FindAllStringSubmatch(text, -1) {
		if !exists(m[1]) {
			missing = append(missing, m[1])
		}
	}
	for line := range strings.Lines(text) {
		for _, name := range italics(line) {
			if strings.HasPrefix(line, "|") && !strings.Contains(tests, `{name: "`+name+`"`) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

func italics(line string) (all []string) {
	for _, m := range attackNames.FindAllStringSubmatch(line, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestSecurity: every claim of SECURITY.md has a test that exists.
func TestSecurity(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		tests.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	exists := func(script string) bool {
		_, err := os.Stat(filepath.Join(root, "testdata", "script", filepath.FromSlash(script)))
		return err == nil
	}
	if missing := claimed(string(text), tests.String(), exists); len(missing) > 0 {
		t.Errorf("no such test, script or attack: %q", missing)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| can") {
			continue
		}
		rows++
		if !testNames.MatchString(line) && !scriptNames.MatchString(line) && len(italics(line)) == 0 {
			t.Errorf("nothing shows it: %s", line)
		}
	}
	if rows < 20 {
		t.Errorf("%d claims", rows)
	}
	made := "| can | x | `TestNothing`, *an attack on nothing*, *tag moved*, `real/nothing.txtar` |\n"
	if missing := claimed(made, tests.String(), exists); len(missing) != 4 {
		t.Errorf("of four inventions these are found: %q", missing)
	}
}

package check

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// screen is how many lines of the map are seen at once.
const screen = 50

// TestMap: CONTRIBUTING.md's map names every package's directory, but for those
// below the second level, and fits on one screen.
func TestMap(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "## Where things are\n\n```\n")
	tree, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatal("CONTRIBUTING.md has no map under \"Where things are\"")
	}
	if n := strings.Count(tree, "\n"); n > screen {
		t.Errorf("the map has %d lines, more than %d", n, screen)
	}
	words := map[string]bool{}
	for _, w := range regexp.MustCompile(`[a-z]+`).FindAllString(tree, -1) {
		words[w] = true
	}
	for _, p := range listPackages(t, "", "-tags=mage", "./...") {
		elements := strings.Split(strings.TrimPrefix(p.ImportPath, ours), "/")
		for _, e := range elements[:min(2, len(elements))] {
			if !words[e] {
				t.Errorf("%s is not in the map", p.ImportPath)
			}
		}
	}
}

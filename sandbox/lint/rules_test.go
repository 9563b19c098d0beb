package lint

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: the table of rules in README.md names all of them.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range rules {
		if !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("%s is not in README.md", name)
		}
		if r.why == "" || r.fix == "" {
			t.Errorf("%s says too little: %+v", name, r)
		}
	}
}

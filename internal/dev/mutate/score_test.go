package mutate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = `package p

const size = 4 << 10

func f(a, b int) int {
	switch {
	case a < b:
		return 1
	}
	if a > 2 {
		return 2
	}
	return a + b
}
`

// TestCount: what is not killed counts against the tests, but for what was
// accepted by the text of its line, and for what gremlins cannot try.
func TestCount(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "f.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	entry := func(kind, status string, line, column int) string {
		return fmt.Sprintf(`{"type":%q,"status":%q,"line":%d,"column":%d}`, kind, status, line, column)
	}
	text := `{"files":[{"file_name":"f.go","mutations":[` +
		entry("A", "NOT COVERED", 3, 16) + "," + // a constant
		entry("C", "NOT COVERED", 7, 9) + "," + // a case
		entry("C", "KILLED", 10, 7) + "," +
		entry("B", "LIVED", 10, 7) + "," +
		entry("A", "NOT COVERED", 13, 11) + "," +
		entry("A", "TIMED OUT", 13, 11) + "," +
		entry("A", "NOT VIABLE", 13, 11) + `]}]}`
	s, err := count(root, ".", []byte(text), nil)
	if err != nil || s.killed != 1 || s.lived != 1 || s.uncovered != 1 || s.timedOut != 1 || s.blind != 2 || len(s.alive) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if got := fmt.Sprintf("%.1f %.1f", s.percent(), s.strict()); got != "33.3 20.0" {
		t.Errorf("scores %s", got)
	}
	accepted := []survivor{{File: "./f.go", Type: "B", Line: "if a > 2 {"}, {File: "./f.go", Type: "X", Line: "return a + b"}, {File: "./g.go", Type: "A", Line: "return a + b"}}
	if s, err = count(root, ".", []byte(text), accepted); err != nil || s.accepted != 1 || s.lived != 0 || s.uncovered != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := count(root, ".", []byte(`{"files":[{"file_name":"f.go","mutations":[`+entry("A", "LIVED", 99, 1)+`]}]}`), nil); err == nil {
		t.Error("a report on another version is counted")
	}
	if got := (score{}).percent(); got != 100 {
		t.Errorf("nothing to kill is %v %%", got)
	}
}

// TestAccepted: every entry has a reason, and its line is in its file still.
func TestAccepted(t *testing.T) {
	all, err := acceptedSurvivors(acceptedText)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(s.File)))
		if err != nil {
			t.Error(err)
		} else if !hasLine(string(text), s.Line) {
			t.Errorf("%s has no line %q", s.File, s.Line)
		}
	}
	if _, err := acceptedSurvivors([]byte(`[{"File":"f","Type":"t","Line":"l"}]`)); err == nil {
		t.Error("an entry without a reason is accepted")
	}
}

func hasLine(text, want string) bool {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == want {
			return true
		}
	}
	return false
}

package check

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestUnreachable: a check whose database is out of reach is reported as not
// run, and fails on GitHub. A check that finds something fails everywhere.
func TestUnreachable(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	for _, row := range []struct {
		github, says string
		fails        bool
		reports      string
	}{
		{"true", noDatabase + " no such host", true, "FAIL govulncheck\n" + noDatabase},
		{"", noDatabase + " no such host", false, "SKIP govulncheck: not run: " + noDatabase},
		{"", "Vulnerability #1", true, "FAIL govulncheck\nVulnerability #1"},
		{"true", "Vulnerability #1", true, "FAIL govulncheck\nVulnerability #1"},
	} {
		t.Setenv("GITHUB_ACTIONS", row.github)
		var out bytes.Buffer
		s := step{name: "govulncheck", unless: noDatabase, args: []string{"sh", "-c", `echo "$0" >&2; exit 3`, row.says}}
		if err := s.run(t.Context(), t.TempDir(), &out); (err != nil) != row.fails || !strings.HasPrefix(out.String(), row.reports) {
			t.Errorf("%+v: %v, %s", row, err, out.String())
		}
	}
}

package check

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/vessux/openlock/internal/lab"
)

// workflow is what the rules below look at.
type workflow struct {
	On          map[string]any    `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]job    `yaml:"jobs"`
}

type job struct {
	If          string            `yaml:"if"`
	Permissions map[string]string `yaml:"permissions"`
	Timeout     int               `yaml:"timeout-minutes"`
	Concurrency struct {
		Group  string `yaml:"group"`
		Cancel any    `yaml:"cancel-in-progress"`
	} `yaml:"concurrency"`
	Steps []workflowStep `yaml:"steps"`
}

type workflowStep struct {
	Uses string         `yaml:"uses"`
	Run  string         `yaml:"run"`
	With map[string]any `yaml:"with"`
}

// mayWrite are the permissions beyond contents: read, by workflow and job.
var mayWrite = map[string]map[string]string{
	"base-image.yml/leg":     {"contents": "read", "packages": "write"},
	"base-image.yml/publish": {"contents": "read", "packages": "write"},
	"base-image.yml/sign":    {"contents": "read", "packages": "write", "id-token": "write"},
	"release.yml/binaries":   {"contents": "write"},
	"codeql.yml/go":          {"contents": "read", "security-events": "write"},
}

var pinned = regexp.MustCompile(`^[a-z0-9-]+(/[a-z0-9-]+)+@[0-9a-f]{40}$`)

// findings returns every breach of the rules in a workflow.
func findings(name, text string) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, name+": "+fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
		say("permissions %v, want contents: read", w.Permissions)
	}
	for id, j := range w.Jobs {
		if want := mayWrite[name+"/"+id]; fmt.Sprint(j.Permissions) != fmt.Sprint(want) {
			say("job %s: permissions %v, want %v", id, j.Permissions, want)
		}
		if j.Timeout == 0 {
			say("job %s: no timeout-minutes", id)
		}
		if j.Concurrency.Group != "" && j.Concurrency.Cancel != false {
			say("job %s: a run that publishes must not be cancelled by the next", id)
		}
		if j.Permissions["packages"] == "write" && !strings.Contains(j.Concurrency.Group, "outputs.tag") {
			say("job %s: it publishes, and runs beside others for the same tag", id)
		}
		for i, s := range j.Steps {
			switch {
			case s.Uses != "" && !pinned.MatchString(s.Uses):
				say("job %s, step %d: %s is not pinned by a commit", id, i, s.Uses)
			case strings.Contains(s.Run, "${{"):
				say("job %s, step %d: an expression in run: is code that others can write", id, i)
			case strings.ContainsAny(strings.TrimSpace(s.Run), "\n;|&"):
				say("job %s, step %d: run: is more than one command", id, i)
			case strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false:
				say("job %s, step %d: checkout leaves its token behind", id, i)
			}
		}
	}
	return found
}

func workflows(t *testing.T) map[string]string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%q, %v", files, err)
	}
	all := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = string(b)
	}
	return all
}

func TestWorkflows(t *testing.T) {
	for name, text := range workflows(t) {
		for _, f := range findings(name, text) {
			t.Error(f)
		}
	}
}

// TestWorkflowRules breaks every rule once.
func TestWorkflowRules(t *testing.T) {
	text := workflows(t)["base-image.yml"]
	for _, row := range []struct{ old, new, want string }{
		{"docker/login-action@5e57cd118135c172c3672efd75eb46360885c0ef", "docker/login-action@v3", "not pinned"},
		{"docker/login-action@5e57cd118135c172c3672efd75eb46360885c0ef", "docker/login-action@5e57cd118", "not pinned"},
		{"run: go tool mage exists", "run: go tool mage exists ${{ inputs.x }}", "expression in run:"},
		{"run: go tool mage exists", "run: go tool mage exists || true", "more than one command"},
		{"permissions:\n  contents: read\n", "permissions:\n  contents: write\n", "want contents: read"},
		{"permissions:\n      contents: read\n      packages: write\n", "permissions:\n      contents: write\n", "job leg: permissions"},
		{"    timeout-minutes: 10\n", "", "no timeout-minutes"},
		{"cancel-in-progress: false", "cancel-in-progress: true", "must not be cancelled"},
		{"group: base-image-${{ needs.probe.outputs.tag }}\n", "group: all\n", "beside others"},
		{"persist-credentials: false", "persist-credentials: true", "leaves its token"},
	} {
		broken := strings.Replace(text, row.old, row.new, 1)
		if broken == text {
			t.Errorf("%q is not there", row.old)
		}
		found := findings("base-image.yml", broken)
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, row.want) }) {
			t.Errorf("%q in place of %q: %q", row.new, row.old, found)
		}
	}
}

// TestWorkflowPublishes: on a release's tag, on a change of the Containerfile
// and by hand, release:base is what runs.
func TestWorkflowPublishes(t *testing.T) {
	var w workflow
	if err := yaml.Unmarshal([]byte(workflows(t)["base-image.yml"]), &w); err != nil {
		t.Fatal(err)
	}
	push, _ := w.On["push"].(map[string]any)
	if got := fmt.Sprint(push["tags"], push["branches"], push["paths"]); got != "[v*.*.*] [main] [sandbox/base/base.Containerfile]" {
		t.Errorf("it runs on %s", got)
	}
	if _, ok := w.On["workflow_dispatch"]; !ok {
		t.Error("it cannot be run by hand")
	}
	if !strings.Contains(w.Jobs["sign"].If, "vars.SIGN != ''") {
		t.Error("it signs without being asked to")
	}
	runs := map[string]string{"probe": "go tool mage exists", "leg": `go tool mage release:leg "$PLATFORM"`, "publish": "go tool mage release:base", "sign": `go tool mage release:sign -digest="$DIGEST"`}
	for id, want := range runs {
		steps := w.Jobs[id].Steps
		if len(steps) == 0 || steps[len(steps)-1].Run != want {
			t.Errorf("job %s does not end with %q", id, want)
		}
	}
}

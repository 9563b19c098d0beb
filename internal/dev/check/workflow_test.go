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
	Env         map[string]any    `yaml:"env"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]job    `yaml:"jobs"`
}

type job struct {
	If          string            `yaml:"if"`
	Uses        string            `yaml:"uses"`
	RunsOn      any               `yaml:"runs-on"`
	Env         map[string]any    `yaml:"env"`
	Environment any               `yaml:"environment"`
	Secrets     any               `yaml:"secrets"`
	Container   any               `yaml:"container"`
	Services    map[string]any    `yaml:"services"`
	Permissions map[string]string `yaml:"permissions"`
	Timeout     int               `yaml:"timeout-minutes"`
	Strategy    any               `yaml:"strategy"`
	Concurrency struct {
		Group  string `yaml:"group"`
		Cancel any    `yaml:"cancel-in-progress"`
	} `yaml:"concurrency"`
	Steps []workflowStep `yaml:"steps"`
}

type workflowStep struct {
	Uses      string         `yaml:"uses"`
	Run       string         `yaml:"run"`
	Shell     string         `yaml:"shell"`
	Directory string         `yaml:"working-directory"`
	With      map[string]any `yaml:"with"`
	Env       map[string]any `yaml:"env"`
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
	for _, r := range rules {
		r(w, say)
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
		{"          persist-credentials: false\n", "", "leaves its token"},
		{"  workflow_dispatch:", "  pull_request_target:\n  workflow_dispatch:", "dangerous trigger pull_request_target"},
		{"  workflow_dispatch:", "  workflow_run:\n  workflow_dispatch:", "dangerous trigger workflow_run"},
		{"  workflow_dispatch:", "  issue_comment:\n  workflow_dispatch:", "dangerous trigger issue_comment"},
		{"  workflow_dispatch:", "  pull_request:\n  workflow_dispatch:", "that pull requests start"},
		{"          cache: false\n", "", "cache: actions/setup-go has no"},
		{"          cache: false\n", "          cache: true\n", "cache: actions/setup-go has no"},
		{"          cache-binary: false\n", "", "cache: docker/setup-buildx-action has no"},
		{"          cache-image: false\n", "", "cache: docker/setup-qemu-action has no"},
		{"docker/login-action@", "actions/cache@", "cache: actions/cache"},
		{"docker/login-action@", "actions/cache/restore@", "cache: actions/cache/restore"},
		{"          registry: ghcr.io\n", "          cache-from: type=registry\n", "cache: cache-from"},
		{"          registry: ghcr.io\n", "          set: x.y=type=gha\n", "cache: set"},
		{"buildkit:v0.33.1@sha256:cec9f139f45e93c5c69c60f8b07cfad9f43f4ef6b6a6cd917527fea5ff2e3dea", "buildkit:v0.33.1", "setup-buildx-action has no digest"},
		{"          driver-opts:", "          other:", "setup-buildx-action has no digest"},
		{"qemu-v10.2.3@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0", "qemu-v10.2.3", "setup-qemu-action has no digest"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    container: alpine:3\n", "container has no digest"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    container:\n      image: alpine@sha256:00\n", "container has no digest"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    services:\n      db:\n        image: alpine:3\n", "service db has no digest"},
		{"uses: docker/login-action@5e57cd118135c172c3672efd75eb46360885c0ef", "uses: docker://alpine:3", "a step has no digest"},
		{"    environment: signing", "    name: signing", "a secret without an environment"},
		{"    environment: signing", "    name: signing", "it can sign without an environment"},
		{"permissions:\n", "env:\n  KEY: ${{ secrets.COSIGN_PRIVATE_KEY }}\npermissions:\n", "every job gets a secret"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    env:\n      KEY: ${{ secrets.A }}\n", "every step gets a secret"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    secrets: inherit\n", "every step gets a secret"},
		{"password: ${{ github.token }}", "password: ${{ secrets.TOKEN }}", "a secret that is not in env"},
		{"password: ${{ github.token }}", "script: f('${{ inputs.x }}')", "template injection"},
		{"password: ${{ github.token }}", "password: ${{ github.event.pull_request.title }}", "template injection"},
		{"password: ${{ github.token }}", "password: ${{ github.head_ref }}", "template injection"},
		{"run: go tool mage exists", "run: go tool mage exists\n        shell: ${{ inputs.x }}", "template injection"},
		{"run: go tool mage exists", "run: go tool mage exists\n        working-directory: ${{ inputs.x }}", "template injection"},
		{"run: go tool mage exists", "run: env X=1 >> $GITHUB_ENV", "environment of later steps"},
		{"    timeout-minutes: 10\n", "    timeout-minutes: 10\n    env:\n      ACTIONS_ALLOW_UNSECURE_COMMANDS: true\n", "old commands"},
		{"    runs-on: ubuntu-24.04\n", "    runs-on: self-hosted\n", "runs on self-hosted"},
		{"    runs-on: ubuntu-24.04\n", "    runs-on: ubuntu-latest\n", "runs on ubuntu-latest"},
		{"          - platform: linux/amd64\n            runner: ubuntu-24.04\n", "          - platform: linux/amd64\n            runner: self-hosted\n", "runs on"},
		{"    runs-on: ubuntu-24.04\n", "    uses: a/b/.github/workflows/c.yml@main\n", "runs on"},
		{"run: go tool mage exists", "run: curl -o x https://x.example/x", "without a checksum"},
		{"run: go tool mage exists", "run: go install x.example/x@latest", "without a checksum"},
		{"run: go tool mage exists", "run: docker run alpine", "without a checksum"},
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
	if !strings.Contains(w.Jobs["sign"].If, "vars.OPENLOCK_SIGN != ''") {
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

// TestWorkflowReleases: where a policy is set, the digest that a release pulls
// is verified by it, and the files come with their checksums.
func TestWorkflowReleases(t *testing.T) {
	var w workflow
	if err := yaml.Unmarshal([]byte(workflows(t)["release.yml"]), &w); err != nil {
		t.Fatal(err)
	}
	installed, verified := -1, -1
	for i, s := range w.Jobs["binaries"].Steps {
		switch {
		case s.Run == "go -C tools/verify install ./openlock-verify":
			installed = i
		case s.Run == "go tool mage release:binaries" && s.Env["OPENLOCK_VERIFY"] == "${{ vars.OPENLOCK_VERIFY }}":
			verified = i
		}
	}
	if installed < 0 || verified < installed {
		t.Errorf("steps %d and %d", installed, verified)
	}
}

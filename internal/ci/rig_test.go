package ci

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

func TestMain(m *testing.M) { os.Exit(labtest.Checked(m).Run()) }

// sound is a Containerfile that alone decides its image.
const sound = "FROM scratch\nLABEL name=ci\n"

// rig is a job on GitHub with a registry, and without any builder.
type rig struct {
	registry        *lab.Registry
	file            string
	ref             tag.Ref
	identity        string
	output, summary string // paths of the job's files
	out, said       strings.Builder
}

func newRig(t *testing.T, containerfile string) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{
		registry: labtest.Registry(t), file: filepath.Join(dir, "Containerfile"), identity: tag.Identity([]byte(containerfile)),
		output: filepath.Join(dir, "output"), summary: filepath.Join(dir, "summary"),
	}
	if err := os.WriteFile(r.file, []byte(containerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.ref, err = tag.New(r.registry.Host()+"/example/base", []byte(containerfile)); err != nil {
		t.Fatal(err)
	}
	retry := registry.CIRetry
	t.Cleanup(func() { registry.CIRetry = retry })
	registry.CIRetry.Interval = time.Millisecond
	t.Cleanup(xdg.Reload) // after the environment is what it was
	for name, value := range map[string]string{
		"HOME": dir, "XDG_CONFIG_HOME": "", "PATH": t.TempDir(), "BUILDX_BUILDER": "", "HTTP_PROXY": "",
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": r.output, "GITHUB_STEP_SUMMARY": r.summary,
	} {
		t.Setenv(name, value)
	}
	xdg.Reload()
	return r
}

// app is a run about the rig's image, with further flags by pairs.
func (r *rig) app(flags ...string) *cli.App {
	r.out.Reset()
	r.said.Reset()
	os.Remove(r.output)
	os.Remove(r.summary)
	step, log := github.Detect(&r.said)
	a := &cli.App{
		Program: cli.Program{Name: "tool", EnvPrefix: "TOOL_"}, Out: &r.out, Err: log, GitHub: step,
		Flags: cli.Flags{"repository": &r.ref.Repository, "containerfile": &r.file},
	}
	for i := 0; i < len(flags); i += 2 {
		a.Flags[flags[i]] = &flags[i+1]
	}
	return a
}

// leg puts an image of the rig's into the registry for a platform, and returns
// its digest.
func (r *rig) leg(t *testing.T, platform string) string {
	t.Helper()
	image, err := lab.Image(platform, r.identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Push(tag.Ref{Repository: r.ref.Repository, Tag: "leg"}, image); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// legs are those for every platform, as the setting has them.
func (r *rig) legs(t *testing.T) string {
	t.Helper()
	var all []string
	for _, p := range sandbox.Platforms() {
		all = append(all, p+"="+r.leg(t, p))
	}
	return strings.Join(all, ",")
}

// wants checks an error and its exit code; empty: none.
func wants(t *testing.T, err error, code int, text string) {
	t.Helper()
	if cli.ExitCode(err) != code || text != "" && (err == nil || !strings.Contains(cli.Words("tool", err), text)) {
		t.Errorf("%v (%d), want %q (%d)", err, cli.ExitCode(err), text, code)
	}
}

// outputs checks what later steps get, by name.
func (r *rig) outputs(t *testing.T, want map[string]string) {
	t.Helper()
	b, err := os.ReadFile(r.output)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		_, rest, found := strings.Cut("\n"+string(b), "\n"+name+"<<")
		_, rest, _ = strings.Cut(rest, "\n")
		if got, _, _ := strings.Cut(rest, "\n"); !found || got != value {
			t.Errorf("output %s is %q, want %q", name, got, value)
		}
	}
}

func decode[V any](t *testing.T, text string) (v V) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

package enginetest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/enginetest"
	"github.com/vessux/openlock/sandbox/engine/enginetest/testdata/third"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestThirdEngine: an engine that this repository does not know passes the
// suite, and works through Ensure and Plan.
func TestThirdEngine(t *testing.T) {
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: labtest.Registry(t).Host() + "/vessux/openlock-base"}
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	down := third.New(filepath.Join(t.TempDir(), "none"))
	o := sandbox.Options{LockDir: t.TempDir(), RecordDir: t.TempDir(), Platform: "linux/amd64"}
	o.Engines = []engine.Engine{down, third.New(t.TempDir())}

	if _, err := sandbox.Ensure(t.Context(), b, o); err == nil || !strings.Contains(err.Error(), "third cannot build images") {
		t.Errorf("nothing is published: %v", err)
	}
	o.Build = sandbox.PolicyAlways
	if _, err := sandbox.Plan(t.Context(), b, o); err == nil || !strings.Contains(err.Error(), "third cannot build images") {
		t.Errorf("a build is requested: %v", err)
	}
	o.Build = sandbox.PolicyMissing

	image := ref.Repository + "@" + labtest.Publish(t, ref, b.Identity()).Children["linux/amd64"]
	if plan, err := sandbox.Plan(t.Context(), b, o); err != nil || plan.Action != sandbox.ActionPull || plan.Engine != "third" {
		t.Errorf("planned %+v, %v", plan, err)
	}
	for _, want := range []sandbox.Source{sandbox.SourcePulled, sandbox.SourceLocal} {
		if got, err := sandbox.Ensure(t.Context(), b, o); err != nil || got.Source != want || got.Engine != "third" {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
	}
	enginetest.Run(t, enginetest.Fixture{
		Engine: third.New(t.TempDir()), Image: image, Platform: "linux/amd64", Labels: map[string]string{tag.Label: b.Identity()}, Broken: down,
	})
}

// TestThirdEngineInTheProgram builds the real program with one more row in the
// table of engines, and nothing else changed. Its ensure pulls with that
// engine, and finds what it pulled.
func TestThirdEngineInTheProgram(t *testing.T) {
	labtest.Slow(t, "it compiles a program of its own")
	dir := t.TempDir()
	program := filepath.Join(dir, "openlock")
	build := lab.GoBuild{Package: "./tools/openlock", Overlay: withThird(t, dir)}
	if err := build.Run(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Containerfile")
	bin := filepath.Join(dir, "bin")
	write(t, file, "FROM scratch\n")
	write(t, filepath.Join(bin, "third"), "#!/bin/sh\n")
	b := sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: labtest.Registry(t).Host() + "/vessux/openlock-base"}
	ref, err := b.Ref()
	if err != nil {
		t.Fatal(err)
	}
	labtest.Publish(t, ref, b.Identity())
	for _, source := range []string{"pulled", "local"} {
		cmd := exec.Command(program, "ensure", "--json", "--platform", "linux/amd64", "--containerfile", file, "--repository", b.Repository)
		cmd.Env = []string{"PATH=" + bin, "HOME=" + dir} // auto: it is the only engine
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		var said struct{ Ref, Engine, Source string }
		if err := json.Unmarshal(out, &said); err != nil || said.Ref != ref.String() || said.Engine != "third" || said.Source != source {
			t.Errorf("%+v, %v; want source %s\n%s%s", said, err, source, out, &stderr)
		}
	}
}

// withThird writes an overlay of the table in which third is one more engine,
// and returns its path.
func withThird(t *testing.T, dir string) string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "sandbox", "engine", "engines", "table.go")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const row, folder = "\tdocker.Driver,\n", "import (\n"
	with := strings.Replace(string(text), row, row+"\tthird.Driver,\n", 1)
	with = strings.Replace(with, folder, folder+"\t\"github.com/vessux/openlock/sandbox/engine/enginetest/testdata/third\"\n", 1)
	table, overlay := filepath.Join(dir, "table.go"), filepath.Join(dir, "overlay.json")
	write(t, table, with)
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: table}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, string(replace))
	return overlay
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestThirdEngineIsSmall: adding an engine stays a matter of one small file.
func TestThirdEngineIsSmall(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "third", "third.go"))
	if lines := strings.Count(string(text), "\n"); err != nil || lines >= 150 {
		t.Errorf("%d lines, %v", lines, err)
	}
}

package main

import (
	"maps"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/lab/script"
)

func TestMain(m *testing.M) {
	commands := map[string]func(){"openlock": main}
	maps.Copy(commands, script.FakeEngines())
	testscript.Main(labtest.Checked(m), commands)
}

// TestCommandLine runs the suite of all that needs no particular engine, by
// the host binary and by the Mage targets.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	mage, err := lab.BuildMage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, script.Params("cli", script.WithFake("podman", mage, buildImporter(t, t.TempDir()))))
}

// importer is the magefile of another project, for the program tool. Its
// registry is that of the script, and with BARE it sets nothing that it need not.
const importer = `//go:build mage

package main

import (
	"os"

	//mage:import
	"github.com/vessux/openlock/magefiles/base"
)

func init() {
	base.Image.Containerfile = "tool.Containerfile"
	base.Image.Repository = os.Getenv("REGISTRY") + "/example/tool-base"
	if os.Getenv("BARE") == "" {
		base.Image.Name, base.Image.EnvPrefix, base.Image.ConfigDir = "tool", "TOOL_", "tool"
	}
}
`

func buildImporter(t *testing.T, dir string) string {
	t.Helper()
	path, err := lab.BuildImporter(t.Context(), dir, importer)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEnsure runs the decisions of ensure and plan over fake engines.
func TestEnsure(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"podman", "docker"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, script.Params("ensure", script.WithFake(engine)))
		})
	}
}

// TestRealEngines runs the main paths on podman and docker themselves.
func TestRealEngines(t *testing.T) {
	t.Parallel()
	labtest.Need(t, lab.Cosign2, lab.Cosign3)
	verify, err := lab.BuildVerify(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []string{"podman", "docker"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			labtest.Need(t, map[string][]lab.Part{"podman": {lab.Podman}, "docker": {lab.Docker, lab.Dockerd}}[engine]...)
			testscript.Run(t, script.Params("real", script.WithReal(engine, verify)))
		})
	}
}

// TestPublish runs push and the targets of release with real builders.
func TestPublish(t *testing.T) {
	t.Parallel()
	labtest.Need(t, lab.Cosign2, lab.Cosign3)
	dir := t.TempDir()
	mage, err := lab.BuildMage(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	// Beside mage, where it is looked for first.
	if _, err := lab.BuildVerify(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	buildImporter(t, dir)
	t.Run("buildx", func(t *testing.T) {
		t.Parallel()
		testscript.Run(t, script.Params("publish", script.WithBuildx(labtest.Builder(t), mage)))
	})
	t.Run("podman", func(t *testing.T) {
		t.Parallel()
		labtest.Need(t, lab.Podman, lab.QEMU)
		testscript.Run(t, script.Params("publish", script.WithPodman(mage)))
	})
}

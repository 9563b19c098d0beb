package labtest_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

func TestMain(m *testing.M) { os.Exit(labtest.Checked(m).Run()) }

// TestSkipped is skipped with -short.
func TestSkipped(t *testing.T) { labtest.Need(t, lab.Podman, lab.QEMU) }

// TestSkipsAreReported: who runs the tests of packages learns what was skipped,
// although the go command hides what tests that pass print.
func TestSkipsAreReported(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows where the go command prints")
	}
	cmd := exec.Command("go", "test", "-short", "-count=1", "-run", "^TestSkipped$", "github.com/vessux/openlock/internal/lab/labtest")
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || !strings.HasPrefix(out.String(), "ok ") {
		t.Fatalf("%v\n%s%s", err, &out, &said)
	}
	if want := "SKIP lab/labtest: 1 × left out by -short: needs podman, qemu-aarch64\n"; said.String() != want {
		t.Errorf("it prints %q, want %q", said.String(), want)
	}
}

//go:build unix

package decisions_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/tag"
)

// hanging is a podman that writes down its number and what it is asked, and
// never answers.
const hanging = "#!/bin/sh\necho $$ \"$@\" >> '%s'\nexec sleep 1000\n"

// TestAutoGoesOn: a podman that is broken, or that never answers, is reported in
// one line, and a real docker pulls the image.
func TestAutoGoesOn(t *testing.T) {
	docker := labtest.Docker(t)
	openlock, err := lab.BuildOpenlock(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := labtest.Registry(t)
	// ensure runs the program, and returns the warnings that it printed.
	ensure := func(t *testing.T, env ...string) (warnings []string) {
		dir := t.TempDir()
		file := fmt.Appendf(nil, "FROM scratch\nLABEL test=%q\n", t.Name())
		ref := tag.Ref{Repository: r.Host() + "/vessux/openlock-base", Tag: tag.Of(file)}
		labtest.Publish(t, ref, tag.Identity(file))
		path := filepath.Join(dir, "Containerfile")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(labtest.Context(t, 3*time.Minute), openlock,
			"ensure", "--build", "never", "--repository", ref.Repository, "--containerfile", path)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}, append(docker.Env, env...)...)
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		if err := cmd.Run(); err != nil || strings.TrimSpace(out.String()) != ref.String() {
			t.Fatalf("%v: %q\n%s", err, &out, &said)
		}
		if _, err := docker.Run(t.Context(), "image", "inspect", ref.String()); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "warning") {
				warnings = append(warnings, strings.TrimSpace(line))
			}
		}
		return warnings
	}
	oneLine := func(t *testing.T, got []string, reason string) {
		if len(got) != 1 || !strings.HasPrefix(got[0], "openlock: warning: podman does not answer: ") || !strings.Contains(got[0], reason) || !strings.HasSuffix(got[0], "; using docker") {
			t.Errorf("it said %q, want one line with %q", got, reason)
		}
	}

	t.Run("a slip in storage.conf", func(t *testing.T) {
		labtest.Need(t, lab.Podman)
		conf := filepath.Join(t.TempDir(), "storage.conf")
		if err := os.WriteFile(conf, []byte("[storage\ndriver = \"overlay\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		oneLine(t, ensure(t, "CONTAINERS_STORAGE_CONF="+conf), "podman image inspect: ")
	})
	t.Run("a storage.conf that does not exist", func(t *testing.T) {
		labtest.Need(t, lab.Podman)
		oneLine(t, ensure(t, "CONTAINERS_STORAGE_CONF="+filepath.Join(t.TempDir(), "none")), "podman image inspect: ")
	})
	t.Run("no answer", func(t *testing.T) {
		labtest.Slow(t, "waits as long as a question may take")
		dir := t.TempDir()
		log := filepath.Join(dir, "asked")
		if err := os.WriteFile(filepath.Join(dir, "podman"), fmt.Appendf(nil, hanging, log), 0o700); err != nil {
			t.Fatal(err)
		}
		oneLine(t, ensure(t, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH")), "no answer within ")
		asked, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		number, question, _ := strings.Cut(strings.TrimSpace(string(asked)), " ")
		if !strings.HasPrefix(question, "image inspect ") || strings.Contains(question, "\n") {
			t.Errorf("podman was asked more than one question:\n%s", asked)
		}
		if pid, err := strconv.Atoi(number); err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			t.Errorf("process %s still runs", number)
		}
	})
}

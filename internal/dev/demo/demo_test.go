package demo_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/dev/demo"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

func TestDemo(t *testing.T) {
	for _, runtime := range []string{"podman", "docker"} {
		t.Run(runtime, func(t *testing.T) {
			t.Setenv("OPENLOCK_RUNTIME", runtime)
			left := func() string { return "" }
			if runtime == "docker" {
				d := labtest.Docker(t)
				for _, e := range d.Env {
					name, v, _ := strings.Cut(e, "=")
					t.Setenv(name, v)
				}
				left = func() string {
					out, err := d.Run(t.Context(), "images", "--all", "--quiet")
					if err != nil {
						t.Error(err)
					}
					return out
				}
			} else {
				labtest.Need(t, lab.Podman)
			}
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			var out bytes.Buffer
			if err := demo.Run(t.Context(), &out); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{"complete", "pulled", "local", "built", "the image runs"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in the demo's table:\n%s", want, &out)
				}
			}
			if files, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || len(files) > 0 {
				t.Errorf("the demo leaves %q, %v", files, err)
			}
			if ids := left(); ids != "" {
				t.Errorf("the demo leaves images in the store: %s", ids)
			}
			if mounts, err := os.ReadFile("/proc/self/mounts"); err == nil && strings.Contains(string(mounts), tmp) {
				t.Error("the demo leaves mounts")
			}
		})
	}
}

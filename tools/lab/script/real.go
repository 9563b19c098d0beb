package script

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vessux/openlock/tools/lab"
	"github.com/vessux/openlock/tools/lab/labtest"
)

// WithReal returns a setup whose scripts have a real podman or docker, with an
// empty store of their own, and in the variable SEED the seed image for a FROM
// line, in a registry that stays.
func WithReal(name string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		if err := Setup(env); err != nil {
			return err
		}
		t := env.T().(testing.TB)
		upstream := lab.StartRegistry()
		env.Defer(upstream.Close)
		own := env.Values[key{}].(*stage).registry
		var vars []string
		switch name {
		case "podman":
			vars = labtest.Podman(t, own.Host(), upstream.Host()).Env
		case "docker":
			vars = labtest.Docker(t).Env
		}
		for _, v := range vars {
			k, v, _ := strings.Cut(v, "=")
			env.Setenv(k, v)
		}
		seed, err := lab.Seed(t.Context(), upstream.Host())
		env.Setenv("SEED", seed)
		env.Setenv("ENGINE", name)
		env.Setenv("OPENLOCK_RUNTIME", name)
		return err
	}
}

// awaitLimit is what the slowest engine needs to begin or end a step.
const awaitLimit = 30 * time.Second

// await is the command "await WORD", which waits until a process runs whose
// command line has that word, and "await no WORD", which waits until none does.
func await(ts *testscript.TestScript, neg bool, args []string) {
	want := true
	if len(args) == 2 && args[0] == "no" {
		want, args = false, args[1:]
	}
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await [no] WORD")
	}
	for deadline := time.Now().Add(awaitLimit); running(args[0]) != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited in vain for %q", args)
		}
	}
}

func running(word string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(f string) bool {
		b, err := os.ReadFile(f)
		return err == nil && slices.ContainsFunc(bytes.Split(b, []byte{0}), func(w []byte) bool { return string(w) == word })
	})
}

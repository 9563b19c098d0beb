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

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// WithReal returns a setup whose scripts have a real podman or docker, with an
// empty store of their own, and in the variable SEED the seed image for a FROM
// line, in a registry that stays. In reach are openlock-verify, whose path is
// given, and cosign-v2 and cosign-v3.
func WithReal(name, verify string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		if err := Setup(env); err != nil {
			return err
		}
		bin, err := lab.BinDir()
		if err != nil {
			return err
		}
		env.Setenv("PATH", strings.Join([]string{filepath.Dir(verify), bin, env.Getenv("PATH")}, string(os.PathListSeparator)))
		env.Setenv("COSIGN_PASSWORD", "")
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
		set(env, vars)
		env.Setenv("ENGINE", name)
		env.Setenv("OPENLOCK_RUNTIME", name)
		seed, err := lab.Seed(t.Context(), upstream.Host())
		env.Setenv("SEED", seed)
		return err
	}
}

// WithBuildx returns a setup whose scripts have a real builder of buildx, which
// they share, and the program mage.
func WithBuildx(b *lab.Builder, mage string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		_, err := withBuilder(env, mage)
		set(env, b.Env)
		env.Setenv("OPENLOCK_RUNTIME", "docker")
		return err
	}
}

// WithPodman returns a setup whose scripts have a real podman to build with,
// with a store of their own, and the program mage.
func WithPodman(mage string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		upstream, err := withBuilder(env, mage)
		if err != nil {
			return err
		}
		set(env, labtest.Podman(env.T().(testing.TB), env.Values[key{}].(*stage).registry.Host(), upstream.Host()).Env)
		env.Setenv("OPENLOCK_RUNTIME", "podman")
		return nil
	}
}

// withBuilder also sets LAB to the directory of the lab's own programs, such as
// cosign-v3.
func withBuilder(env *testscript.Env, mage string) (upstream *lab.Registry, err error) {
	if err := Setup(env); err != nil {
		return nil, err
	}
	bin, err := lab.BinDir()
	if err != nil {
		return nil, err
	}
	env.Setenv("LAB", bin)
	upstream = lab.StartRegistry()
	env.Defer(upstream.Close)
	seed, err := lab.Seed(env.T().(testing.TB).Context(), upstream.Host())
	env.Setenv("SEED", seed)
	env.Setenv("OPENLOCK_BASE_REPOSITORY", env.Getenv("REPO"))
	env.Setenv("PATH", filepath.Dir(mage)+string(os.PathListSeparator)+env.Getenv("PATH"))
	return upstream, err
}

// set puts NAME=value pairs into a script's environment.
func set(env *testscript.Env, vars []string) {
	for _, v := range vars {
		k, v, _ := strings.Cut(v, "=")
		env.Setenv(k, v)
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

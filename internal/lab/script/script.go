// Package script holds what openlock's testscript suites have in common: a
// registry of its own for each script, an engine, and the commands to arrange
// and inspect both. The suites themselves are in testdata/script.
//
// Every script finds this in its environment:
//
//	REGISTRY  127.0.0.1:PORT of its own registry, empty at first
//	REPO      a repository in it
//	ENGINE    podman or docker, where the suite has an engine
//
// and these commands beside testscript's own:
//
//	exits CODE PROGRAM ARGS…    runs a program, which has to end with CODE
//	keys FILE NAMES…            FILE ("stdout": what the last program printed) is
//	                            one JSON object on one line, of just these names
//	field NAME VALUE            the JSON object on stdout has this value
//	publish FILE [label=L] [platforms=P,P]
//	                            puts the image of a Containerfile into the registry;
//	                            sets INDEX, AMD64 and ARM64 to the digests
//	unpublish DIGEST            deletes a manifest; @FILE: whose digest is in it
//	fault STEP NAME             breaks the registry (package fault); "fault none" mends it
//	registry stop               ends it: connections are refused
//	registry private            wants a login, which no client has; "registry public" does not
//	requests FILE               writes what the registry was asked since the last time
package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

// limit bounds a suite, beside all others on a busy machine. A script that
// hangs is ended by testscript, which tells where.
const limit = 12 * time.Minute

type key struct{}

// stage is what one script has.
type stage struct {
	registry *lab.Registry
	fake     *fake // nil where the engine is real or there is none
}

// Params returns a suite's settings: the scripts of a directory below
// testdata/script.
func Params(dir string, setup func(*testscript.Env) error) testscript.Params {
	return testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script", dir),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(limit),
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "keys": keys, "field": field,
			"publish": publish, "unpublish": unpublish, "fault": breakRegistry, "registry": registry, "requests": requests,
			"engine": engine, "await": await,
		},
	}
}

// Setup gives a script a home, a registry and nothing else of the machine's.
func Setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	s := &stage{registry: lab.StartRegistry()}
	env.Defer(s.registry.Close)
	env.Values[key{}] = s
	for _, name := range []string{
		"OPENLOCK_BASE_REPOSITORY", "OPENLOCK_BASE_CONTAINERFILE", "OPENLOCK_RUNTIME", "OPENLOCK_PLATFORM", "OPENLOCK_VERIFY", "OPENLOCK_SIGN",
		"DOCKER_CONFIG", "DOCKER_CONTEXT", "REGISTRY_AUTH_FILE", "CI",
		"BUILDX_BUILDER", "OPENLOCK_LEGS", "GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY",
	} {
		env.Setenv(name, "")
	}
	if err := lab.TakesPlainHTTP(home, s.registry.Host()); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(home, ".state"))
	env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(home, "no-docker.sock"))
	env.Setenv("REGISTRY", s.registry.Host())
	env.Setenv("REPO", s.registry.Host()+"/vessux/openlock-base")
	return nil
}

func of(ts *testscript.TestScript) *stage { return ts.Value(key{}).(*stage) }

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := new(exec.ExitError)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func keys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: keys FILE NAMES…")
	}
	text := ts.ReadFile(args[0])
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%q is not one line", text)
	}
	var got map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(text), &got))
	want := args[1:]
	for _, name := range want {
		if _, ok := got[name]; !ok {
			ts.Fatalf("%s has no %q", text, name)
		}
	}
	for name := range got {
		if !slices.Contains(want, name) {
			ts.Fatalf("%s has %q, which is not expected", text, name)
		}
	}
}

func field(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: field NAME VALUE")
	}
	var got map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &got))
	v, ok := got[args[0]]
	if !ok {
		ts.Fatalf("there is no field %q", args[0])
	}
	if have := fmt.Sprint(v); (have == args[1]) == neg {
		ts.Fatalf("%s is %q", args[0], have)
	}
}

func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: publish FILE [label=L] [platforms=P,P]")
	}
	file := []byte(ts.ReadFile(args[0]))
	ref, err := tag.New(ts.Getenv("REPO"), file)
	ts.Check(err)
	label, platforms := tag.Identity(file), []string{"linux/amd64", "linux/arm64"}
	for _, a := range args[1:] {
		switch name, v, _ := strings.Cut(a, "="); name {
		case "label":
			label = v
		case "platforms":
			platforms = strings.Split(v, ",")
		default:
			ts.Fatalf("unknown argument %q", a)
		}
	}
	p, err := lab.Publish(context.Background(), ref, label, platforms...)
	ts.Check(err)
	ts.Setenv("INDEX", p.Digest)
	ts.Setenv("AMD64", p.Children["linux/amd64"])
	ts.Setenv("ARM64", p.Children["linux/arm64"])
	of(ts).registry.Forget()
}

func unpublish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unpublish DIGEST")
	}
	digest := args[0]
	if file, ok := strings.CutPrefix(digest, "@"); ok {
		digest = strings.TrimSpace(ts.ReadFile(file))
	}
	ts.Check(lab.Delete(context.Background(), ts.Getenv("REPO"), "manifests", digest))
	of(ts).registry.Forget()
}

func breakRegistry(ts *testscript.TestScript, neg bool, args []string) {
	r := of(ts).registry
	if !neg && len(args) == 1 && args[0] == "none" {
		r.Wrap(nil)
		return
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fault STEP NAME, or fault none")
	}
	f, ok := fault.Named(fault.Step(args[0]), args[1])
	if !ok {
		ts.Fatalf("no fault %s/%s", args[0], args[1])
	}
	r.Wrap(func(inner http.Handler) http.Handler { return fault.Handler(inner, f) })
}

func registry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry stop|private|public")
	}
	r := of(ts).registry
	switch args[0] {
	case "stop":
		r.Close()
	case "private":
		r.Wrap(func(inner http.Handler) http.Handler { return fault.Bearer(inner, fault.Private{}) })
	case "public":
		r.Wrap(nil)
	default:
		ts.Fatalf("usage: registry stop|private|public")
	}
}

func requests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: requests FILE")
	}
	r := of(ts).registry
	var b strings.Builder
	for _, q := range r.Requests() {
		fmt.Fprintf(&b, "%s %s %d\n", q.Method, q.Path, q.Status)
	}
	r.Forget()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

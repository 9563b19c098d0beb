package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
)

// decode runs a verb with --json and reads the one line that it prints.
func decode[V any](t *testing.T, want int, args ...string) (v V) {
	t.Helper()
	out, said, code := run(t, append(args, "--json")...)
	if code != want || strings.Count(out, "\n") != 1 {
		t.Fatalf("%q: %d, %q, %q; want exit code %d and a line", args, code, out, said, want)
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTag(t *testing.T) {
	r := newRig(t)
	for flag, want := range map[string]string{"": r.ref.String(), "--short": r.ref.Tag, "--full": r.identity} {
		args := r.args("tag")
		if flag != "" {
			args = append(args, flag)
		}
		if out, said, code := run(t, args...); out != want+"\n" || said != "" || code != 0 {
			t.Errorf("%s: %q, %q, %d", flag, out, said, code)
		}
		if got, want := decode[TagJSON](t, 0, args...), (TagJSON{r.ref.String(), r.ref.Tag, r.identity}); got != want {
			t.Errorf("%s: %+v", flag, got)
		}
	}
	out, said, code := run(t, r.args("tag", "--short", "--full")...)
	if out != "" || code != 2 || said != "openlock: --short and --full contradict each other\nhint: --short is the tag of 12 digits, --full the identity of 64\n" {
		t.Errorf("%q, %q, %d", out, said, code)
	}
	if r.asked() != "" || len(r.registry.Requests()) > 0 {
		t.Errorf("tag has asked: %q, %v", r.asked(), r.registry.Requests())
	}
	for _, bad := range []string{"", "Upper/case", "host.example/x y"} {
		if out, said, code := run(t, "tag", "--repository", bad); out != "" || code != 2 || !strings.HasPrefix(said, "openlock: ") {
			t.Errorf("%q: %q, %q, %d", bad, out, said, code)
		}
	}
}

// TestExists: the state, its exit code and the same facts in JSON.
func TestExists(t *testing.T) {
	r := newRig(t)
	all := ExistsJSON{Ref: r.ref.String(), Tag: r.ref.Tag, Identity: r.identity, Platforms: []string{}, Missing: sandbox.Platforms()}
	check := func(want ExistsJSON, code int, args ...string) {
		t.Helper()
		args = r.args(append([]string{"exists"}, args...)...)
		got := decode[ExistsJSON](t, code, args...)
		if got.Reason == "" {
			t.Errorf("%s has no reason", want.State)
		}
		reason := got.Reason
		got.Reason = ""
		if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
			t.Errorf("%s\nwant\n%s", g, w)
		}
		out, said, ended := run(t, args...)
		if out != want.State+"\n" || ended != code {
			t.Errorf("%s: %q, %d", want.State, out, ended)
		}
		if code == 0 && said != "" || code != 0 && !strings.HasPrefix(said, "openlock: "+r.ref.String()+": "+reason+"\n") {
			t.Errorf("%s: %q", want.State, said)
		}
	}
	all.State = "absent"
	check(all, 3)

	p := r.publish(t, "linux/arm64")
	all.State, all.Digest, all.Platforms, all.Missing = "incomplete", p, []string{"linux/arm64"}, []string{"linux/amd64"}
	check(all, 4)
	all.State, all.Missing = "complete", []string{}
	check(all, 0, "--platform", "linux/arm64")

	p = r.publish(t)
	all.Digest, all.Platforms = p, sandbox.Platforms()
	check(all, 0)

	r.registry.Wrap(answer(500))
	all.Digest, all.Platforms, all.Missing, all.State = "", []string{}, sandbox.Platforms(), "unreachable"
	check(all, 6)
	r.registry.Wrap(answer(403))
	all.State = "denied"
	check(all, 5)
	if _, said, _ := run(t, r.args("exists")...); !strings.Contains(said, "\nhint: ") {
		t.Errorf("denied without a hint: %q", said)
	}
}

// TestExistsIsPatientInCI: it waits there as publishing does.
func TestExistsIsPatientInCI(t *testing.T) {
	r := newRig(t)
	r.registry.Wrap(answer(503))
	attempts := func() int {
		r.registry.Forget()
		run(t, r.args("exists")...)
		return len(r.registry.Requests())
	}
	for env, want := range map[string]int{"": 1, "false": 1, "true": 3} {
		t.Setenv("CI", env)
		if got := attempts(); got != want {
			t.Errorf("CI=%s: %d attempts, want %d", env, got, want)
		}
	}
}

// TestEnsure: built, pulled or local, with the same facts in JSON.
func TestEnsure(t *testing.T) {
	r := newRig(t)
	want := EnsureJSON{Ref: r.ref.String(), Tag: r.ref.Tag, Identity: r.identity, Engine: "podman", Platform: sandbox.HostPlatform()}
	check := func(want EnsureJSON, args ...string) {
		t.Helper()
		got := decode[EnsureJSON](t, 0, r.args(args...)...)
		if got.Reason == "" || got.DurationMS < 0 {
			t.Errorf("%+v", got)
		}
		got.Reason, got.DurationMS = "", 0
		if got != want {
			t.Errorf("%q: %+v\nwant %+v", args, got, want)
		}
	}
	want.Source, want.State = "built", "absent"
	check(want, "ensure")
	want.Source, want.State = "local", ""
	check(want, "ensure")
	want.Source = "built"
	check(want, "build")
	p := r.publish(t)
	want.Source, want.State, want.Digest = "pulled", "complete", p
	check(want, "ensure", "--pull", "always")
	if out, said, code := run(t, r.args("ensure", "-q")...); out != r.ref.String()+"\n" || said != "" || code != 0 {
		t.Errorf("%q, %q, %d", out, said, code)
	}
}

// TestPolicies: what ensure may not do, it does not, and says the state.
func TestPolicies(t *testing.T) {
	r := newRig(t)
	for _, verb := range []string{"ensure", "plan"} {
		out, said, code := run(t, r.args(verb, "--build", "never")...)
		if code != 3 || verb == "ensure" && out != "" || !strings.Contains(said, "has no tag") {
			t.Errorf("%s: %q, %q, %d", verb, out, said, code)
		}
		if prefix := "openlock: ensure would fail: "; strings.HasPrefix(said, prefix) != (verb == "plan") {
			t.Errorf("%s: %q", verb, said)
		}
		_, said, code = run(t, r.args(verb, "--pull", "always", "--build", "always")...)
		if code != 2 || said != "openlock: --pull always and --build always contradict each other\nhint: choose one of the two\n" {
			t.Errorf("%s: %q, %d", verb, said, code)
		}
	}
	for _, policies := range [][]string{{"--pull", "always"}, {"--build", "always"}, {"--pull", "never"}} {
		if out, said, code := run(t, r.args(append([]string{"ensure"}, policies...)...)...); code != 0 {
			t.Errorf("%q: %q, %q, %d", policies, out, said, code)
		}
	}
	if strings.Contains(r.asked(), "pull") {
		t.Errorf("pulled: %q", r.asked())
	}
}

func TestPlan(t *testing.T) {
	r := newRig(t)
	check := func(want PlanJSON, args ...string) {
		t.Helper()
		want.Ref, want.Tag, want.Identity, want.Engine, want.Platform = r.ref.String(), r.ref.Tag, r.identity, "podman", sandbox.HostPlatform()
		code := 0
		if want.Action == "fail" {
			code = 3
		}
		got := decode[PlanJSON](t, code, r.args(append([]string{"plan"}, args...)...)...)
		reason := got.Reason
		if got.Reason = ""; got != want || reason == "" {
			t.Errorf("%+v\nwant %+v", got, want)
		}
		out, _, _ := run(t, r.args(append([]string{"plan"}, args...)...)...)
		if out != want.Action+" "+want.Ref+" with podman: "+reason+"\n" {
			t.Errorf("%q", out)
		}
	}
	check(PlanJSON{Action: "build", State: "absent"})
	check(PlanJSON{Action: "fail", State: "absent"}, "--build", "never")
	p := r.publish(t)
	check(PlanJSON{Action: "pull", State: "complete", Digest: p})
	r.have(t)
	check(PlanJSON{Action: "use"})
	if strings.Contains(r.asked(), "build") || strings.Contains(r.asked(), "pull") {
		t.Errorf("plan has changed something: %q", r.asked())
	}
}

func TestVersion(t *testing.T) {
	isolate(t)
	t.Setenv("OPENLOCK_BASE_REPOSITORY", "not a repository") // it reads no settings
	ref, err := base.Default().Ref()
	if err != nil {
		t.Fatal(err)
	}
	got := decode[VersionJSON](t, 0, "version")
	if got.Version == "" || got.Tag != ref.Tag || got.Ref != ref.String() || got.Digest != base.Default().Digest {
		t.Errorf("%+v", got)
	}
	out, said, code := run(t, "version")
	if code != 0 || said != "" || !strings.HasPrefix(out, "openlock "+got.Version) || !strings.Contains(out, "\nbase image "+ref.String()) {
		t.Errorf("%q, %q, %d", out, said, code)
	}
}

// TestExistsWarns of logins that cannot be read, and tells the state all the same.
func TestExistsWarns(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.json"), "{")
	t.Setenv("DOCKER_CONFIG", dir)
	out, said, code := run(t, r.args("exists")...)
	if out != "absent\n" || code != 3 || !strings.HasPrefix(said, "openlock: warning: logins in "+dir) {
		t.Errorf("%q, %q, %d", out, said, code)
	}
}

// TestOptions: each setting gets to where it counts.
func TestOptions(t *testing.T) {
	r := newRig(t)
	said := &strings.Builder{}
	a := &App{Program: Openlock, Err: said}
	s := Settings{platform: "linux/arm/v7", pullTimeout: 1, buildTimeout: 2, Pull: sandbox.PolicyNever, Build: sandbox.PolicyAlways}
	s.Registry.Timeout = 3
	o, err := a.options(s, nil)
	if err != nil || o.Platform != s.platform || o.PullTimeout != 1 || o.BuildTimeout != 2 || o.Pull != s.Pull || o.Build != s.Build || o.Registry.Timeout != 3 || o.Verifier != nil {
		t.Errorf("%+v, %v", o, err)
	}
	if o.Notify(sandbox.Notice{Text: "x"}); said.String() != "openlock: x\n" || len(o.Engines) != 1 {
		t.Errorf("%q, %v", said.String(), o.Engines)
	}

	// An engine that writes down how it builds, and fails.
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	script := "#!/bin/sh\ncase $1 in build) echo \"$*\" > " + bin + "/log; exit 1 ;; *) echo 'Error: image not known' >&2; exit 125 ;; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "podman"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]bool{"--no-cache": true, "--json": false} {
		run(t, r.args("build", "--platform", "linux/arm64", flag)...)
		if got := read(t, filepath.Join(bin, "log")); strings.Contains(got, "--no-cache") != want || !strings.Contains(got, "linux/arm64") {
			t.Errorf("%s: %q", flag, got)
		}
	}
}

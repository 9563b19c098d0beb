package release

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// remote is a repository of openlock on this machine, in the place of the one
// on GitHub, and a checkout of it.
type remote struct {
	bare, checkout string
	env            []string // of git and go: no network, no settings and no caches of the user's but Go's build cache
}

// newRemote makes a remote of the files of this checkout, with what is changed
// in it, in one commit.
func newRemote(t *testing.T) *remote {
	t.Helper()
	dir := t.TempDir()
	r := &remote{bare: filepath.Join(dir, "openlock.git"), checkout: filepath.Join(dir, "checkout")}
	config := filepath.Join(dir, "gitconfig")
	write(t, config, "[user]\n\tname = Test\n\temail = test@localhost\n[url \"file://"+filepath.ToSlash(r.bare)+"\"]\n\tinsteadOf = https://"+rootModule+"\n")
	r.env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_GLOBAL="+config, "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file",
		"GOENV=off", "GOWORK=off", "GOTOOLCHAIN=local", "GOSUMDB=off", "CGO_ENABLED=0",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+filepath.Join(dir, "modules"), "GOBIN="+filepath.Join(dir, "bin"),
		"GOPROXY=file://"+filepath.ToSlash(goEnv(t, "GOMODCACHE"))+"/cache/download", "GONOPROXY="+rootModule,
		"GOFLAGS=-trimpath -modcacherw") // as [Binaries] builds, for the build cache; and the test can remove what it fetches
	for _, e := range []string{"GIT_CONFIG_GLOBAL=" + config, "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file"} {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value) // for Tag
	}
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSuffix(r.run(t, root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00")
	for _, name := range files {
		if b, err := os.ReadFile(filepath.Join(root, name)); err == nil { // else it is deleted
			write(t, filepath.Join(r.checkout, name), string(b))
		}
	}
	r.run(t, dir, "git", "init", "--quiet", "--bare", "--initial-branch=main", r.bare)
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"add", "--all", "--force"}, {"commit", "--quiet", "--message=all"},
		{"remote", "add", "origin", "file://" + filepath.ToSlash(r.bare)}, {"push", "--quiet", "origin", "main"},
	} {
		r.run(t, r.checkout, "git", args...)
	}
	return r
}

// try runs a program, and returns what it prints.
func (r *remote) try(t *testing.T, dir, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *remote) run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	out, err := r.try(t, dir, program, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return out
}

// install runs go install outside of any module, as the README's readers do.
func (r *remote) install(t *testing.T, pkg, version string) (string, error) {
	t.Helper()
	return r.try(t, t.TempDir(), "go", "install", rootModule+"/"+pkg+"@"+version)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestTag: both programs can be installed by `go install` from the tags that
// Tag makes, and from plain tags of the same commit openlock-verify cannot.
func TestTag(t *testing.T) {
	// The modules that they need are then in the module cache, which the test has no network to fill.
	for _, build := range []func(context.Context, string) (string, error){
		lab.BuildVerify,
		func(ctx context.Context, dir string) (string, error) { return lab.BuildOpenlock(ctx, dir) },
	} {
		if _, err := build(t.Context(), t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	r := newRemote(t)
	const plain, version = "v0.1.0-plain", "v0.1.0"
	r.run(t, r.checkout, "git", "tag", plain)
	r.run(t, r.checkout, "git", "tag", moduleTag(plain))
	r.run(t, r.checkout, "git", "push", "--quiet", "origin", "--tags")
	if out, err := r.install(t, "tools/verify/openlock-verify", plain); err == nil || !strings.Contains(out, "replace") {
		t.Fatalf("with the replace: %v\n%s", err, out)
	}

	before := r.run(t, r.checkout, "git", "show-ref", "--heads", "--head")
	var said bytes.Buffer
	if err := Tag(t.Context(), r.checkout, version, false, &said); err != nil {
		t.Fatal(err)
	}
	if after := r.run(t, r.checkout, "git", "show-ref", "--heads", "--head"); after != before {
		t.Errorf("branches before:\n%safter:\n%s", before, after)
	}
	if changed := r.run(t, r.checkout, "git", "status", "--porcelain"); changed != "" {
		t.Errorf("changed:\n%s", changed)
	}
	if pushed := r.run(t, r.bare, "git", "tag", "--list", version, moduleTag(version)); pushed != "" {
		t.Errorf("pushed: %s", pushed)
	}
	_, push, _ := strings.Cut(said.String(), "\n")
	push, found := strings.CutPrefix(strings.TrimSpace(push), "git ")
	if !found {
		t.Fatalf("no command that pushes: %s", &said)
	}
	r.run(t, r.checkout, "git", strings.Fields(push)...)

	for pkg, args := range map[string][]string{
		"tools/openlock":               {"version"},
		"tools/verify/openlock-verify": {"--version"},
	} {
		if out, err := r.install(t, pkg, "latest"); err != nil {
			t.Fatalf("%s: %v\n%s", pkg, err, out)
		}
		program := filepath.Join(filepath.Dir(r.checkout), "bin", filepath.Base(pkg))
		if out := r.run(t, r.checkout, program, args...); !strings.Contains(out, " "+version+"\n") {
			t.Errorf("%s: %s", pkg, out)
		}
	}

	// The release workflow checks out the tag, and builds there.
	r.run(t, r.checkout, "git", "checkout", "--quiet", version)
	if err := CheckTag(t.Context(), r.checkout, version); err != nil {
		t.Error(err)
	}
	built := filepath.Join(filepath.Dir(r.checkout), "openlock-verify")
	r.run(t, filepath.Join(r.checkout, lab.VerifyModule), "go", "build", "-o", built, "./openlock-verify")
	if out := r.run(t, r.checkout, built, "--version"); !strings.Contains(out, " "+version+"\n") {
		t.Errorf("built from the tag: %s", out)
	}
}

// TestTagRefuses: a release is a new version of what is committed.
func TestTagRefuses(t *testing.T) {
	r := newRemote(t)
	var said bytes.Buffer
	refused := func(version, why string) {
		t.Helper()
		if err := Tag(t.Context(), r.checkout, version, false, &said); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", version, err, why)
		}
	}
	refused("1.0.0", "not a release's version")
	r.run(t, r.checkout, "git", "tag", moduleTag("v1.0.0"))
	refused("v1.0.0", "tag tools/verify/v1.0.0 exists")
	r.run(t, r.checkout, "git", "tag", "v1.1.0")
	refused("v1.1.0", "tag v1.1.0 exists")
	if err := CheckTag(t.Context(), r.checkout, "v1.1.0"); err == nil || !strings.Contains(err.Error(), "tag tools/verify/v1.1.0 is not on the commit") {
		t.Errorf("one tag: %v", err)
	}
	refused("v1.0.5", "v1.0.5 is not newer than v1.1.0")
	refused("v1.1.0-rc.1", "v1.1.0-rc.1 is not newer than v1.1.0")
	r.run(t, r.checkout, "git", "tag", moduleTag("v1.1.0"))
	if err := CheckTag(t.Context(), r.checkout, "v1.1.0"); err == nil || !strings.Contains(err.Error(), "has a replace") {
		t.Errorf("tags by hand: %v", err)
	}
	write(t, filepath.Join(r.checkout, "new.go"), "package new\n")
	refused("v1.2.0", "changes that are not committed")
	if said.Len() > 0 || r.run(t, r.checkout, "git", "tag", "--list", "v1.2.0") != "" {
		t.Errorf("made: %s", &said)
	}
}

// TestTagPushes: with push, both tags are in the remote, or none is.
func TestTagPushes(t *testing.T) {
	r := newRemote(t)
	pushed := func() string {
		t.Helper()
		return r.run(t, r.bare, "git", "for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags")
	}
	var said bytes.Buffer
	if err := Tag(t.Context(), r.checkout, "v0.1.0", true, &said); err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(r.run(t, r.checkout, "git", "rev-parse", "v0.1.0^{commit}"))
	first := moduleTag("v0.1.0") + " " + commit + "\nv0.1.0 " + commit + "\n"
	if got := pushed(); got != first {
		t.Errorf("in the remote:\n%swant:\n%s", got, first)
	}
	if !strings.Contains(said.String(), "pushed v0.1.0 tools/verify/v0.1.0") {
		t.Errorf("said: %s", &said)
	}

	// Somebody else has pushed one of the tags.
	foreign := moduleTag("v0.2.0")
	r.run(t, r.bare, "git", "tag", foreign, "main")
	err := Tag(t.Context(), r.checkout, "v0.2.0", true, &said)
	if err == nil || !strings.Contains(err.Error(), "git tag --delete v0.2.0 "+foreign) {
		t.Errorf("one tag exists in the remote: %v", err)
	}
	if got := pushed(); strings.Contains(got, "\nv0.2.0 ") {
		t.Errorf("in the remote:\n%s", got)
	}
}

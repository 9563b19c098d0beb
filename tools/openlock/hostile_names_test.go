//go:build linux

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestNamesWithTricks: a name that is none is refused before anybody is asked,
// wherever it comes from. Names in an index are attacks of
// [TestHostileRegistry].
func TestNamesWithTricks(t *testing.T) {
	t.Parallel()
	r := labtest.Registry(t)
	dir := t.TempDir()
	openlock, err := lab.BuildOpenlock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	verify, err := lab.BuildVerify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	digest := "sha256:" + strings.Repeat("0", 64)
	key := "--key=" + write(t, "key.pub", "any")
	try := func(program string, env []string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = append([]string{"HOME=" + dir, "PATH=" + dir}, env...)
		var out, said output
		cmd.Stdout, cmd.Stderr = &out, &said
		_ = cmd.Run() // the exit code tells
		if code := cmd.ProcessState.ExitCode(); code != 2 || out.String() != "" || unfit(said.String()) != "" {
			t.Errorf("%q with %q: ends with %d: %s%q", args, env, code, out.String(), said.String())
		}
	}
	for _, path := range []string{
		"../x", "vessux/../../x", "vessux/..", "vessux/%2e%2e/x", "vessux//x", "/vessux/x", "vessux/x/", "vessux/./x", `vessux\x`, "vessux/x?y", "vessux/x#y",
		"vessux/x@" + digest, "vessux/x:latest", "vessux/\u202ex", "vessux/x\x1b[2J", "vessux/x\r\nHost: other", "vessux/ x", "vessux/x%00", "vessux/ｘ", strings.Repeat("x/", 200) + "x",
	} {
		repository := r.Host() + "/" + path
		for _, verb := range []string{"ensure", "exists", "plan", "tag"} {
			try(openlock, nil, verb, "--repository", repository)
		}
		try(openlock, []string{"OPENLOCK_BASE_REPOSITORY=" + repository}, "ensure")
		try(verify, nil, repository+":bb57c7da220a@"+digest, key)
	}
	for _, host := range []string{"..", "-x.example", "127.0.0.1@other.example", "user:password@" + r.Host(), "127.0.0.1:0", "127.0.0.1:99999", "[::1%25lo]:5000", "localhost/..", "file://", "http://" + r.Host()} {
		try(openlock, nil, "ensure", "--repository", host+"/vessux/x")
		try(verify, nil, host+"/vessux/x:bb57c7da220a@"+digest, key)
	}
	for _, rest := range []string{
		":bb57c7da220a@sha256:../../x", ":bb57c7da220a@sha256:" + strings.Repeat("/", 64), ":bb57c7da220a@" + digest + "/x", ":bb57c7da220a@" + digest + "@" + digest,
		":bb57c7da220a@sha512:" + strings.Repeat("0", 128), ":bb57c7da220a@" + strings.ToUpper(digest), ":../../x@" + digest, ":bb57c7da220a/../x@" + digest, ":bb57c7da22\x1b[@" + digest,
		"@" + digest, ":bb57c7da220a", ":latest@" + digest,
	} {
		try(verify, nil, r.Host()+"/vessux/x"+rest, key)
	}
	if asked := r.Requests(); len(asked) > 0 {
		t.Errorf("somebody was asked: %v", asked)
	}
	// No program can be given NUL: the kernel ends a word there.
	if err := exec.CommandContext(t.Context(), openlock, "ensure", "--repository", r.Host()+"/vessux/x\x00y").Run(); err == nil {
		t.Error("NUL is taken")
	}
}

package builder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/builder"
)

// TestFirstFailureEndsOthers: the platforms are built side by side, and the
// first failure ends the other build and its process. The build that fails
// waits for the other to run.
func TestFirstFailureEndsOthers(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	fakeDocker(t, `'buildx build')
case "$*" in
*linux/amd64*) echo $$ > `+pidFile+`.new; /bin/mv `+pidFile+`.new `+pidFile+`; exec /bin/sleep 1000 ;;
*) until [ -e `+pidFile+` ]; do /bin/sleep 0.05; done; echo 'ERROR: out of paper'; exit 1 ;;
esac ;;`)
	ctx := labtest.Context(t, time.Minute)
	_, err := find("").Build(ctx, request)
	if err == nil || err.Error() != "linux/arm64: docker buildx build: exit status 1: out of paper" {
		t.Errorf("%v", err)
	}
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the other build still runs: %v", err)
	}
}

// TestLinesOfBuilds: every line tells its platform, and no line is torn. Each
// build prints half a line, waits for the other to do the same, and goes on.
func TestLinesOfBuilds(t *testing.T) {
	dir := t.TempDir()
	fakeDocker(t, strings.Replace(metadata, "\n", `
printf 'half '
mine=other; yours=amd
case "$*" in *linux/amd64*) mine=amd; yours=other ;; esac
: > `+dir+`/$mine
until [ -e `+dir+`/$yours ]; do /bin/sleep 0.05; done
echo 'a line'
if [ $mine = amd ]; then printf 'no end'; else echo 'an end'; fi
`, 1))
	var out bytes.Buffer
	b := builder.New(builder.Options{Runtime: "docker", Output: &out})
	if _, err := b.Build(labtest.Context(t, time.Minute), request); err != nil {
		t.Fatal(err)
	}
	got := strings.SplitAfter(out.String(), "\n")
	slices.Sort(got)
	want := []string{
		"", "linux/amd64: half a line\n", "linux/amd64: no end\n",
		"linux/arm64: an end\n", "linux/arm64: half a line\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

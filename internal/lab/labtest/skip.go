package labtest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// skipped counts the tests of this process that a missing part ended, by the
// reason.
var skipped = struct {
	sync.Mutex
	reasons map[string]int
}{reasons: map[string]int{}}

// skip skips the test and counts it.
func skip(t testing.TB, reason string) {
	t.Helper()
	skipped.Lock()
	skipped.reasons[reason]++
	skipped.Unlock()
	t.Skip(reason)
}

// Slow skips a test that needs no part, but more time than go test's flag
// -short leaves.
func Slow(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		skip(t, "left out by -short: "+why)
	}
}

// reportSkipped writes a line for each reason.
func reportSkipped() {
	skipped.Lock()
	defer skipped.Unlock()
	var lines []string
	for reason, n := range skipped.reasons {
		lines = append(lines, fmt.Sprintf("SKIP %s: %d × %s\n", testedPackage(), n, strings.ReplaceAll(reason, "\n", "; ")))
	}
	if len(lines) == 0 {
		return
	}
	slices.Sort(lines)
	w, closed := goStderr()
	defer closed()
	io.WriteString(w, strings.Join(lines, ""))
}

// testedPackage is the directory of the package under test, with the one above.
func testedPackage() string {
	dir, err := os.Getwd()
	if err != nil {
		return os.Args[0]
	}
	return filepath.Join(filepath.Base(filepath.Dir(dir)), filepath.Base(dir))
}

// goStderr opens the standard error of the go command that started this
// process. The go command hides what the tests of a package print unless they
// fail or it runs with -v; a person who runs all packages would never learn
// what was skipped. Where that is neither a terminal nor a pipe, or the system
// does not show it, it is this process's own.
func goStderr() (w io.Writer, closed func()) {
	own := func() {}
	if testing.Verbose() {
		return os.Stderr, own
	}
	parent := fmt.Sprintf("/proc/%d", os.Getppid())
	program, err := os.Readlink(parent + "/exe")
	if err != nil || filepath.Base(program) != "go" {
		return os.Stderr, own
	}
	// A file would be written over from its start.
	info, err := os.Stat(parent + "/fd/2")
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) == 0 {
		return os.Stderr, own
	}
	f, err := os.OpenFile(parent+"/fd/2", os.O_WRONLY, 0)
	if err != nil {
		return os.Stderr, own
	}
	return f, func() { f.Close() }
}

package labtest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Runner is what TestMain gets, or wraps: a *testing.M.
type Runner interface{ Run() int }

// Checked runs the tests of a package and fails where they leave something
// behind: a goroutine, an open file or a process. It reports how many tests
// were skipped for want of which part, also where the go command hides what
// tests print. Use it in TestMain.
func Checked(m Runner) Runner { return checked{m} }

type checked struct{ Runner }

// leakWait is what things have to end that a test has told to.
const leakWait = 10 * time.Second

func (c checked) Run() int {
	files := openFiles()
	code := c.Runner.Run()
	reportSkipped()
	if code != 0 {
		return code // whatever failed did not clean up either
	}
	var left string
	for end := time.Now().Add(leakWait); ; time.Sleep(50 * time.Millisecond) {
		for _, t := range []http.RoundTripper{http.DefaultTransport, remote.DefaultTransport} {
			t.(*http.Transport).CloseIdleConnections()
		}
		if left = leftovers(files); left == "" {
			return 0
		}
		if time.Now().After(end) {
			fmt.Fprintf(os.Stderr, "the tests leave behind:\n%s", left)
			return 1
		}
	}
}

func leftovers(before map[string]bool) string {
	var b strings.Builder
	for _, g := range goroutines() {
		fmt.Fprintf(&b, "%s\n\n", g)
	}
	for f := range openFiles() {
		if !before[f] {
			fmt.Fprintf(&b, "open file %s\n", f)
		}
	}
	for _, p := range children() {
		fmt.Fprintf(&b, "process %s\n", p)
	}
	return b.String()
}

// goroutines returns the stacks of all that are not the test runner's own.
func goroutines() []string {
	stacks := make([]byte, 4<<20)
	var left []string
	for g := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		own := strings.Contains(g, "labtest.checked.Run") || strings.Contains(g, "testing.(*M)") ||
			strings.Contains(g, "os/signal.") || strings.Contains(g, "runtime.ensureSigM") || strings.Contains(g, "testing.runFuzz")
		if !own {
			left = append(left, g)
		}
	}
	return left
}

// openFiles lists what the process has open, where the system tells: files and
// sockets, by their names. Pipes and the kernel's own are left out.
func openFiles() map[string]bool {
	open := map[string]bool{}
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, l := range links {
		name, err := os.Readlink(l)
		if err == nil && (strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "/dev/") && !strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "socket:")) {
			open[name] = true
		}
	}
	return open
}

// children lists the processes that this one has started and that still run.
func children() []string {
	var all []string
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for pid := range strings.FieldsSeq(string(b)) {
			line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			all = append(all, pid+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return all
}

package check

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a package that does not build
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// summary turns events into what a person wants to see: a line for each
// package, all that a failed test said, and what was skipped and why.
type summary struct {
	out                   io.Writer
	brief                 bool              // of skipped tests, show how many for each reason alone
	said                  map[string]string // by package and test
	skipped               []string
	passed, failed, skips int
}

// sourceLine is where a test says something, such as x_test.go:1.
var sourceLine = regexp.MustCompile(`[^ ]+\.go:[0-9]+: `)

// maxEvent is the longest line of events, in bytes.
const maxEvent = 16 << 20

func (s *summary) read(r io.Reader) error {
	s.said = map[string]string{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			// The go command itself speaks in between.
			fmt.Fprintln(s.out, lines.Text())
			continue
		}
		s.take(e)
	}
	return lines.Err()
}

func (s *summary) take(e event) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "output":
		s.said[key] += e.Output
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "pass", "skip", "fail":
		if e.Test == "" {
			s.endPackage(e, s.said[key])
		} else {
			s.endTest(e, s.said[key])
		}
		delete(s.said, key)
	}
}

func (s *summary) endTest(e event, said string) {
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		s.skips++
		line := why(said)
		if s.brief {
			line = sourceLine.ReplaceAllString(line, "")
		} else {
			line = fmt.Sprintf("%s %s: %s", e.Package, e.Test, line)
		}
		s.skipped = append(s.skipped, line)
	case "fail":
		s.failed++
		fmt.Fprintf(s.out, "FAIL %s %s\n%s", e.Package, e.Test, said)
	}
}

func (s *summary) endPackage(e event, said string) {
	switch {
	case e.Action == "fail":
		fmt.Fprintf(s.out, "FAIL %s\n%s", e.Package, said)
	case e.Action == "pass":
		fmt.Fprintf(s.out, "ok   %s (%.1fs)\n", e.Package, e.Elapsed)
	}
}

// why is the reason of a skipped test: what it said between go test's own lines.
func why(said string) string {
	var reason []string
	for _, line := range strings.Split(said, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			reason = append(reason, line)
		}
	}
	return strings.Join(reason, "; ")
}

func (s *summary) end() {
	if s.brief {
		s.skipped = counted(s.skipped)
	}
	for _, line := range s.skipped {
		fmt.Fprintln(s.out, "SKIP", line)
	}
	fmt.Fprintf(s.out, "%d tests passed, %d failed, %d skipped\n", s.passed, s.failed, s.skips)
}

// counted returns each line once, sorted, after how often it occurs.
func counted(lines []string) []string {
	n := map[string]int{}
	for _, l := range lines {
		n[l]++
	}
	var all []string
	for _, l := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%d × %s", n[l], l))
	}
	return all
}

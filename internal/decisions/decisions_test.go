package decisions_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/decisions"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
)

var (
	measure = flag.Bool("measure", false, "measure the script once every cell is proved, and write "+baselineFile)
	update  = flag.Bool("update", false, "write "+document)
)

// What the flags write, from the root of the repository.
const (
	baselineFile = "internal/decisions/baseline.json"
	document     = "docs/decisions.md"
)

// TestEveryFaultIsDecided: the table leaves out no fault at no step.
func TestEveryFaultIsDecided(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range decisions.Cases() {
		if seen[c.String()] {
			t.Errorf("%s is there twice", c)
		}
		seen[c.String()] = true
		if len(c.Want) != len(decisions.Columns) || c.Says == "" {
			t.Errorf("%s lacks something: %+v", c, c)
		}
	}
	for _, f := range fault.Table() {
		if !seen[f.String()] {
			t.Errorf("no decision on %s", f)
		}
	}
}

// work is what a column may take beside its waits for the registry, on a slow
// and busy machine. Package bench measures the waits themselves.
var work = map[decisions.Column]time.Duration{
	decisions.Probe: 5 * time.Second, decisions.Exists: 5 * time.Second,
	decisions.EnsurePodman: time.Minute, decisions.EnsureDocker: time.Minute,
	decisions.Push: time.Minute, decisions.Release: time.Minute,
}

// TestDecisions plays every cell of the table on the real parts.
func TestDecisions(t *testing.T) {
	places := chosen(decisions.Places())
	labtest.Need(t, lab.Podman, lab.Docker, lab.Dockerd, lab.Buildkitd, lab.Buildx)
	parts, end, err := decisions.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	wrong := play(t, parts, places)
	t.Logf("%d cells, %d wrong decisions", len(places), wrong)
	if *measure && !t.Failed() {
		measureScript(t, parts)
	}
}

// chosen are the places that DECISIONS names, such as DECISIONS=manifest/429, for
// work on one of them.
func chosen(all []decisions.Place) (places []decisions.Place) {
	for _, p := range all {
		if strings.Contains(p.String(), os.Getenv("DECISIONS")) {
			places = append(places, p)
		}
	}
	return places
}

// play plays places, and returns how many decisions are wrong. A host's waits
// are short, and whatever else runs on this machine may take them up: a cell that
// is wrong is played once more, without others beside it. That is for a few.
func play(t *testing.T, parts decisions.Parts, places []decisions.Place) (wrong int) {
	t.Helper()
	var again []decisions.Place
	parts.Play(t.Context(), places, func(at decisions.Place, seen *decisions.Seen, err error) {
		if problem := judge(at, seen, err); problem != "" {
			t.Log(problem)
			again = append(again, at)
			return
		}
		t.Logf("%6.2f s %s", seen.Took.Seconds(), at)
	})
	for _, at := range again {
		parts.Play(t.Context(), []decisions.Place{at}, func(at decisions.Place, seen *decisions.Seen, err error) {
			if problem := judge(at, seen, err); problem != "" {
				wrong++
				t.Error(problem)
			}
		})
	}
	if most := max(1, len(places)/20); len(again) > most {
		t.Errorf("%d of %d cells had to be played twice, at most %d may", len(again), len(places), most)
	}
	return wrong
}

// judge tells what is wrong with a cell that was played; empty: nothing.
func judge(at decisions.Place, seen *decisions.Seen, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", at, err)
	case seen.Cell != at.Want[at.Column]:
		return fmt.Sprintf("%s: %+v, want %+v\nreason: %s\nsaid: %s", at, seen.Cell, at.Want[at.Column], seen.Reason, seen.Said)
	case at.Step == "proxy" && !strings.Contains(seen.Reason, "proxy http://127.0.0.1:"), strings.Contains(seen.Reason+seen.Said, "tops3cret"):
		return fmt.Sprintf("%s: the proxy is not told by its address alone: %s\n%s", at, seen.Reason, seen.Said)
	case strings.ContainsFunc(seen.Said, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }):
		return fmt.Sprintf("%s: control characters reach the terminal: %q", at, seen.Said)
	}
	if most := at.Bound() + work[at.Column]; seen.Took > most {
		return fmt.Sprintf("%s took %s, want at most %s", at, seen.Took, most)
	}
	return ""
}

// TestTransports plays what only asks over TLS, over HTTP/2 and through proxies.
func TestTransports(t *testing.T) {
	var places []decisions.Place
	for _, c := range decisions.Transports() {
		for _, column := range decisions.Asking {
			places = append(places, decisions.Place{Case: c, Column: column})
		}
	}
	parts := decisions.Parts{Dir: t.TempDir()}
	var err error
	if parts.Openlock, err = lab.BuildOpenlock(t.Context(), parts.Dir); err != nil {
		t.Fatal(err)
	}
	wrong := play(t, parts, chosen(places))
	t.Logf("%d cells, %d wrong decisions", len(places), wrong)
}

// measureScript writes what the script does in every case.
func measureScript(t *testing.T, parts decisions.Parts) {
	t.Helper()
	b, err := parts.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	figures, err := json.MarshalIndent(b, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inRoot(t, baselineFile), append(figures, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func inRoot(t *testing.T, path string) string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, filepath.FromSlash(path))
}

// TestDocument: docs/decisions.md is made from the table and from what was
// measured. With -update it is written.
func TestDocument(t *testing.T) {
	figures, err := os.ReadFile(inRoot(t, baselineFile))
	if err != nil {
		t.Fatal(err)
	}
	var b decisions.Baseline
	if err := json.Unmarshal(figures, &b); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := decisions.Markdown(&want, b); err != nil {
		t.Fatal(err)
	}
	path := inRoot(t, document)
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not of this table (%v): run `go test ./internal/decisions -run TestDocument -update`", document, err)
	}
}

package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// linked are the modules of other projects that the program is linked with.
// Every one costs each start, also that of `openlock tag`: weigh a new one.
var linked = []string{
	"github.com/cenkalti/backoff/v5", "github.com/gofrs/flock", "github.com/google/go-containerregistry",
	"github.com/pelletier/go-toml/v2", "github.com/spf13/cobra", "github.com/spf13/pflag",
	"golang.org/x/net", "golang.org/x/sys", "golang.org/x/text",
}

func TestLinkedModules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Compact(slices.Sorted(slices.Values(strings.Fields(string(out))))) {
		if m != "github.com/vessux/openlock" && m != "github.com/inconshreveable/mousetrap" && !slices.Contains(linked, m) {
			t.Errorf("openlock is linked with %s", m)
		}
	}
}

var (
	initLine  = regexp.MustCompile(`(?m)^init (github\.com/vessux/openlock/\S+) @.* (\d+) bytes, \d+ allocs$`)
	mostBytes = 1024 // what a package may allocate before main, as the table of settings; one regular expression takes 10,000
)

// TestStartupAllocations: packages prepare nothing before main that only some
// verbs need.
func TestStartupAllocations(t *testing.T) {
	openlock, err := lab.BuildOpenlock(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(openlock, "tag")
	cmd.Env = []string{"GODEBUG=inittrace=1", "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "init runtime @") {
		t.Fatalf("no trace of the start:\n%s", out)
	}
	for _, m := range initLine.FindAllStringSubmatch(string(out), -1) {
		if n, _ := strconv.Atoi(m[2]); n > mostBytes {
			t.Errorf("%s allocates %d bytes at every start", m[1], n)
		}
	}
}

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// TestTagIsWhatSha256sumSays compares the real host binary with the real
// sha256sum on 1,000 files of random size and content.
func TestTagIsWhatSha256sumSays(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip(err)
	}
	const files = 1000
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	openlock, err := lab.BuildOpenlock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range files {
		body := make([]byte, 1+random.IntN(1<<random.IntN(17)))
		for j := range body {
			body[j] = byte(random.Uint32())
		}
		name := fmt.Sprintf("%04d.Containerfile", i)
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	sums := exec.CommandContext(t.Context(), "sha256sum", names...)
	sums.Dir = dir
	out, err := sums.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != files {
		t.Fatalf("sha256sum printed %d lines", len(lines))
	}
	for i, line := range lines {
		cmd := exec.CommandContext(t.Context(), openlock, "tag", "--short", "--containerfile", names[i])
		cmd.Dir = dir
		got, err := cmd.Output()
		if err != nil || string(got) != line[:12]+"\n" {
			t.Errorf("%s: openlock says %q (%v), sha256sum %s", names[i], got, err, line[:12])
		}
	}
}

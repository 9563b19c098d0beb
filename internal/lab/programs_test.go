package lab_test

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

func TestMain(m *testing.M) { os.Exit(labtest.Checked(m).Run()) }

// TestBuilds: every program is built, by as few runs of the go command as can
// tell them apart.
func TestBuilds(t *testing.T) {
	runs, pkgs := lab.Builds()
	want := [][]string{{"buildkitd", "buildx", "crane", "staticcheck"}, {"cosign-v2"}, {"cosign-v3"}, {"actionlint"}, {"govulncheck"}}
	if !slices.EqualFunc(runs, want, slices.Equal[[]string]) {
		t.Errorf("%q, want %q", runs, want)
	}
	for _, run := range runs {
		module, _, _ := strings.Cut(pkgs[run[0]], " ")
		for _, name := range run {
			if other, _, _ := strings.Cut(pkgs[name], " "); other != module {
				t.Errorf("%s is of the module %s, beside %s", name, other, module)
			}
			if len(run) > 1 && path.Base(pkgs[name]) != name {
				t.Errorf("the go command calls %s %s", name, path.Base(pkgs[name]))
			}
		}
	}
}

// TestTogether: what is done side by side is all done, and all that fails is
// returned.
func TestTogether(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	done := make(chan int, 4)
	err := lab.Together(
		func() error { done <- 1; return one }, func() error { done <- 2; return nil },
		func() error { done <- 3; return two }, func() error { done <- 4; return nil },
	)
	if len(done) != 4 || !errors.Is(err, one) || !errors.Is(err, two) {
		t.Errorf("%d done: %v", len(done), err)
	}
	// Two at once: each waits for the other.
	a, b := make(chan struct{}), make(chan struct{})
	if err := lab.Together(func() error { close(a); <-b; return nil }, func() error { close(b); <-a; return nil }); err != nil {
		t.Error(err)
	}
}

// TestSharedProgram: tests share a program that has not changed.
func TestSharedProgram(t *testing.T) {
	own, err := os.CreateTemp(lab.CacheDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	own.Close()
	defer os.Remove(own.Name())
	if err := os.Link(own.Name(), filepath.Join(t.TempDir(), "link")); err != nil {
		t.Skip("programs are copied here: ", err)
	}
	var files []os.FileInfo
	for range 2 {
		path, err := lab.BuildOpenlock(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || filepath.Base(path) != "openlock" || info.Mode()&0o111 == 0 {
			t.Fatalf("%s: %v, %v", path, info, err)
		}
		files = append(files, info)
	}
	if !os.SameFile(files[0], files[1]) {
		t.Error("each test has another program")
	}
}

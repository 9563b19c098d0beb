package hostbuild_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/hostbuild"
	"github.com/vessux/openlock/internal/process"
)

// id is what the engine knows the image by; other is what reports may say.
var (
	id    = "sha256:" + strings.Repeat("1", 64)
	other = "sha256:" + strings.Repeat("2", 64)
)

// TestFound: the image is found by its name, by the file with the ID, or by the
// output, whichever the engine knows it by.
func TestFound(t *testing.T) {
	for _, row := range []struct {
		name, script string
		unnamed      bool
		known        []string // refs that the engine shows
		want         string   // part of the error; empty: the ID
	}{
		{"name", "echo " + other, false, []string{"mine"}, ""},
		{"last line, as podman's", "echo STEP; echo " + id[7:], false, []string{id[7:]}, ""},
		{"written image, as docker's", "echo '#8 writing image " + id + " 0.1s done'; echo '#8 DONE'", false, []string{id}, ""},
		{"file", `while [ "$1" != --iidfile ]; do shift; done; echo ` + id + ` > "$2"`, true, []string{id}, ""},
		{"a digest in the file that the engine does not know", `while [ "$1" != --iidfile ]; do shift; done; echo ` + other + ` > "$2"; echo '#8 writing image ` + id + ` done'`, true, []string{id}, ""},
		{"nothing", "exit 0", true, nil, "left no image ID"},
		{"nothing that is known", "echo " + other, false, nil, "does not show"},
		{"fails", "echo 'Error: no luck'; exit 1", false, []string{"mine"}, "no luck"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := hostbuild.Build{
				Containerfile: []byte("FROM scratch\n"), Platform: "linux/amd64", Name: "mine", Limit: time.Minute,
				ID: func(_ context.Context, ref string) (string, error) {
					for _, k := range row.known {
						if k == ref {
							return id, nil
						}
					}
					return "", errors.New("no such image")
				},
			}
			if row.unnamed {
				b.Name = ""
			}
			got, err := b.Run(t.Context(), program(t, row.script), "build")
			if row.want == "" != (err == nil) || err == nil && got != id || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("%q, %v; want %q", got, err, row.want)
			}
		})
	}
}

// TestNoPaths: a build with a name hands no path over; the file comes by
// standard input.
func TestNoPaths(t *testing.T) {
	dir := t.TempDir()
	b := hostbuild.Build{
		Containerfile: []byte("FROM scratch\n"), Platform: "linux/amd64", Name: "mine", NoCache: true, Limit: time.Minute,
		Labels: map[string]string{"a": "b c"}, ID: func(context.Context, string) (string, error) { return id, nil },
	}
	if _, err := b.Run(t.Context(), program(t, `cat > `+dir+`/file; for a; do echo "$a"; done > `+dir+`/args`), "buildx", "build"); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "file"))
	if err != nil || string(file) != "FROM scratch\n" {
		t.Errorf("%q, %v", file, err)
	}
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if want := "buildx\nbuild\n--platform\nlinux/amd64\n--tag\nmine\n--label\na=b c\n--no-cache\n-\n"; err != nil || string(args) != want {
		t.Errorf("%q, %v; want %q", args, err, want)
	}
}

func program(t *testing.T, script string) process.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return process.Program{Name: "program", Path: path}
}

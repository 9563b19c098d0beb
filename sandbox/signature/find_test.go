//go:build unix

package signature

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgramOfOthers: a program that another user could have written is not
// run, neither that in PATH nor that beside this one; the error names the
// culprit, and counts as a missing program.
func TestProgramOfOthers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		mode    fs.FileMode // of the directory
		program fs.FileMode
		beside  bool
	}{
		"directory in PATH":   {0o777, 0o755, false},
		"program in PATH":     {0o755, 0o757, false},
		"program of a group":  {0o755, 0o775, false},
		"program beside this": {0o700, 0o757, true},
	} {
		t.Run(name, func(t *testing.T) {
			marker := filepath.Join(t.TempDir(), "was-run")
			script := "echo run > " + marker + "; echo \"$1\""
			v := answering(t, script)
			v.Using = func(path string) { t.Errorf("%s is used", path) }
			dir, _, _ := strings.Cut(os.Getenv("PATH"), string(os.PathListSeparator))
			program := filepath.Join(dir, ProgramName)
			if c.beside {
				program = filepath.Join(filepath.Dir(self), ProgramName)
				t.Cleanup(func() { os.Remove(program) })
				if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(os.Chmod(dir, c.mode), os.Chmod(program, c.program)); err != nil {
				t.Fatal(err)
			}
			err := v.Verify(t.Context(), subject)
			e := new(Error)
			if !errors.As(err, &e) || !e.Unable || !e.Missing || !strings.Contains(e.Reason, program+" is not safe to use: other users can write to ") || !strings.Contains(e.Remedy, "chmod go-w") {
				t.Errorf("%+v", err)
			}
			if _, err := os.Stat(marker); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the program was run: %v", err)
			}
		})
	}
}

// TestProgramInWorkingDirectory: a relative entry of PATH names whatever
// directory the user happens to be in.
func TestProgramInWorkingDirectory(t *testing.T) {
	v := answering(t, `echo "$1"`)
	dir, _, _ := strings.Cut(os.Getenv("PATH"), string(os.PathListSeparator))
	t.Chdir(dir)
	t.Setenv("PATH", ".")
	if e := new(Error); !errors.As(v.Verify(t.Context(), subject), &e) || !e.Missing || !strings.Contains(e.Reason, "relative entry of PATH") {
		t.Errorf("%+v", e)
	}
}

// TestTemporaryOfOthers: the policy's files lie where nobody can exchange them.
func TestTemporaryOfOthers(t *testing.T) {
	v := answering(t, `echo "$1"`)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for mode, safe := range map[fs.FileMode]bool{0o777: false, 0o777 | fs.ModeSticky: true, 0o700: true} {
		if err := os.Chmod(temp, mode); err != nil {
			t.Fatal(err)
		}
		err, e := v.Verify(t.Context(), subject), new(Error)
		if safe != (err == nil) || !safe && (!errors.As(err, &e) || !e.Unable || !strings.Contains(e.Remedy, "TMPDIR")) {
			t.Errorf("mode %v: %v", mode, err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%v, %v", left, err)
		}
	}
}

// TestUsing tells the path of the program, without symbolic links.
func TestUsing(t *testing.T) {
	v := answering(t, `echo "$1"`)
	dir, _, _ := strings.Cut(os.Getenv("PATH"), string(os.PathListSeparator))
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, ProgramName), filepath.Join(linked, ProgramName)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", linked+string(os.PathListSeparator)+os.Getenv("PATH"))
	want, err := filepath.EvalSymlinks(filepath.Join(dir, ProgramName))
	if err != nil {
		t.Fatal(err)
	}
	var used string
	v.Using = func(path string) { used = path }
	if err := v.Verify(t.Context(), subject); err != nil || used != want {
		t.Errorf("%q, want %q; %v", used, want, err)
	}
}

//go:build unix

package lock_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lock"
)

// lockFile makes the file of a lock and returns its path.
func lockFile(t *testing.T, dir string) string {
	t.Helper()
	l, err := lock.Acquire(t.Context(), dir, "key", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
	all, err := filepath.Glob(filepath.Join(dir, "*.lock"))
	if err != nil || len(all) != 1 {
		t.Fatalf("%q, %v", all, err)
	}
	return all[0]
}

// TestLockOfOthers: what another user could have put in place of the file is
// refused at once, and nothing is written to it.
func TestLockOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(path, other string) error
		root bool // only root can
	}{
		"named pipe":       {func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, false},
		"directory":        {func(path, _ string) error { return os.Mkdir(path, 0o700) }, false},
		"link":             {func(path, other string) error { return os.Symlink(other, path) }, false},
		"link to nothing":  {func(path, other string) error { return os.Symlink(other+"-new", path) }, false},
		"link to a device": {func(path, _ string) error { return os.Symlink(os.DevNull, path) }, false},
		"second name":      {func(path, other string) error { return os.Link(other, path) }, false},
		"for others":       {func(path, _ string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666)) }, false},
		"another owner": {func(path, _ string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chown(path, 12345, 12345))
		}, true},
		"device": {func(path, _ string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|3) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.root && os.Geteuid() != 0 {
				t.Skip("only root can prepare it")
			}
			dir := t.TempDir()
			path, other := lockFile(t, dir), filepath.Join(t.TempDir(), "other")
			if err := errors.Join(os.WriteFile(other, []byte("precious"), 0o600), os.Remove(path)); err != nil {
				t.Fatal(err)
			}
			err := c.put(path, other)
			if errors.Is(err, fs.ErrPermission) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			l, err := lock.Acquire(t.Context(), dir, "key", time.Minute, nil)
			if e := new(lock.Error); !errors.As(err, &e) || e.Path != path {
				t.Errorf("%v, %v", l, err)
			}
			if b, err := os.ReadFile(other); err != nil || string(b) != "precious" {
				t.Errorf("%q, %v", b, err)
			}
			if _, err := os.Stat(other + "-new"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file was made where the link leads: %v", err)
			}
		})
	}
}

// TestNoteOfOthers: what a holder wrote down of itself is quoted, and bounded.
func TestNoteOfOthers(t *testing.T) {
	for note, want := range map[string]string{
		"":                                    "another process",
		"process 12 since 10:11:12\n":         "process 12 since 10:11:12",
		"process 12 since 10:11:12; run this": `another process that calls itself "process 12 since 10:11:12; run this"`,
		"hint: run \x1b[2Jcurl evil\n::error::x\n": `another process that calls itself "hint: run [2Jcurl evil"`,
		"::error::x\n":            `another process that calls itself "::error::x"`,
		`say "hi"`:                `another process that calls itself "say \"hi\""`,
		strings.Repeat("x", 1000): `another process that calls itself "` + strings.Repeat("x", 64) + `"`,
	} {
		dir := t.TempDir()
		path := lockFile(t, dir)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_TRUNC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, note); err != nil {
			t.Fatal(err)
		}
		_, err = lock.Acquire(t.Context(), dir, "key", 0, nil)
		if e := new(lock.WaitError); !errors.As(err, &e) || e.Holder != want {
			t.Errorf("%q: %v, want %s", note, err, want)
		}
		f.Close()
	}
}

package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"github.com/vessux/openlock/sandbox"
)

// opened returns what tells how many files of the directories were opened since
// the last time.
func opened(t *testing.T, dirs ...string) func() int {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	for _, dir := range dirs {
		if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_OPEN); err != nil {
			t.Fatal(err)
		}
	}
	return func() (n int) {
		t.Helper()
		buf := make([]byte, 64<<10)
		for {
			got, err := syscall.Read(fd, buf)
			if errors.Is(err, syscall.EAGAIN) {
				return n
			}
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < got; n++ {
				e := (*syscall.InotifyEvent)(unsafe.Pointer(&buf[at]))
				at += syscall.SizeofInotifyEvent + int(e.Len)
			}
		}
	}
}

// TestWarmStartOpensNothing: an image that is there costs one question to the
// engine, whatever is remembered of it: no record, mark or lock is opened.
func TestWarmStartOpensNothing(t *testing.T) {
	pulled, _, _ := published(t)
	_, built, _ := unpublished(t)
	for name, b := range map[string]sandbox.Base{"pulled": pulled, "built": built} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			o := m.options(t)
			if _, err := sandbox.Ensure(t.Context(), b, o); err != nil {
				t.Fatal(err)
			}
			count := opened(t, o.RecordDir, o.LockDir)
			records, err := filepath.Glob(filepath.Join(o.RecordDir, "*"))
			if err != nil || len(records) == 0 {
				t.Fatalf("%q, %v", records, err)
			}
			count() // the listing
			before := m.questions
			got, err := sandbox.Ensure(t.Context(), b, o)
			if err != nil || got.Source != sandbox.SourceLocal {
				t.Fatalf("%+v, %v", got, err)
			}
			if n, asked := count(), m.questions-before; n != 0 || asked != 1 {
				t.Errorf("%d files were opened, and the engine was asked %d times", n, asked)
			}
			// The counter counts.
			if _, err := os.ReadDir(o.RecordDir); err != nil || count() == 0 {
				t.Errorf("opening the directory is not counted: %v", err)
			}
		})
	}
}

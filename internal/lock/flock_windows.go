package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// beyond is far behind the note: Windows keeps others from reading what is
// locked.
const beyond = 1 << 30

// flock takes the lock of an open file, or reports that another process has it.
func flock(f *os.File) (held bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: beyond})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("LockFileEx", err)
}

func names(os.FileInfo) uint64 { return 1 }

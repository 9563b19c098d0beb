package process

import (
	"os"
	"syscall"
)

// EndWithParent has this process get SIGTERM when its parent ends. The system
// ties that to one thread of this process; Go keeps its threads.
func EndWithParent() {
	parent := os.Getppid()
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
	if os.Getppid() != parent { // it ended just before
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}
}

package engine

import "syscall"

// groupAttr starts a process group that gets SIGTERM when we die, even by
// SIGKILL: nobody would wait for a pull or build that nobody asked for any
// more, and the next in line would start it a second time.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

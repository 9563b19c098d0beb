//go:build unix

package engine

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// runGroup runs cmd as the leader of a process group and leaves nothing of
// the group behind when it was cancelled or its leader died.
func runGroup(cmd *exec.Cmd) error {
	// The signal at our own death, where the system has one, is tied to the
	// thread that starts the process, so that thread stays until the end.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = groupAttr()
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	if err != nil {
		// Whatever ignored the interrupt. No such group is the usual answer.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return err
}

func interruptGroup(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

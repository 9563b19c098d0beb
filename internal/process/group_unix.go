//go:build unix

package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// runGroup runs cmd as the leader of a process group. When cmd's context
// ends, the group is interrupted, so that the engine can clean up; what still
// runs when the grace is over is killed, whichever group it is in.
func runGroup(cmd *exec.Cmd) error {
	// The signal at our own death, where the system has one, is tied to the
	// thread that starts the process, so that thread stays until the end.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = groupAttr()
	var seen []process
	cmd.Cancel = func() error {
		// Once the leader is dead, its descendants cannot be found any more.
		seen = descendants(cmd.Process.Pid)
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	if err != nil {
		// Whatever ignored the interrupt. No such group is the usual answer.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		kill(seen)
	}
	return err
}

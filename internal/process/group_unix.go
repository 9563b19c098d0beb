//go:build unix

package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"time"
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
		if s := steps(cmd.Process.Pid, seen); len(s) > 0 {
			// Podman does not clean up after an interrupt, but after a step that
			// failed it does.
			kill(s)
			if endsWithin(cmd.Process.Pid, stepGrace) {
				return nil
			}
		}
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		if errors.Is(err, syscall.ESRCH) || endsWithin(cmd.Process.Pid, intGrace) {
			return nil
		}
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	if err = finished(cmd, err); err != nil {
		// Whatever ignored the interrupt. No such group is the usual answer.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		kill(seen)
	}
	return err
}

// endsWithin reports whether our child ends and is waited for within a time.
func endsWithin(pid int, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
	}
	return false
}

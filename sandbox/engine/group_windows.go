package engine

import "os/exec"

// Windows has no process groups to signal: the engine's own client ends when
// it is killed, and the work goes on or ends in the engine's machine.
func runGroup(cmd *exec.Cmd) error { return cmd.Run() }

func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

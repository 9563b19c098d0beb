//go:build unix && !linux

package process

import "syscall"

func groupAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// Elsewhere than on Linux, containers run in a virtual machine and not as
// descendants of the engine's program.
type process struct{}

func descendants(int) []process { return nil }

func steps(int, []process) []process { return nil }

func kill([]process) {}

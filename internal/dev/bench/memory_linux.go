package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// settle is what a command gets to do all its work but the printing.
const settle = time.Second

// peakMemory returns the most memory that a command has had when it comes to
// print, in bytes. It reads the kernel's high-water mark while the command
// waits for a full pipe; what the kernel reports after the end (ru_maxrss)
// would count in the memory of the process that started it.
func (c command) peakMemory(ctx context.Context) (int64, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	defer w.Close()
	if err := fill(w); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env, cmd.Stdout = append(os.Environ(), c.env...), w
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	time.Sleep(settle)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib * 1024, nil
		}
	}
	return 0, fmt.Errorf("%s has ended before it could be measured", c.name)
}

// fill writes to a pipe until it takes no more.
func fill(w *os.File) error {
	raw, err := w.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		for failed == nil {
			_, failed = syscall.Write(int(fd), make([]byte, 4096))
		}
		return true
	})
	if failed != syscall.EAGAIN {
		return failed
	}
	return err
}

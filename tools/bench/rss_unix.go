//go:build unix

package bench

import (
	"os"
	"runtime"
	"syscall"
)

// maxRSS is the largest memory that a process had, in KiB.
func maxRSS(state *os.ProcessState) (int64, bool) {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, false
	}
	kib := int64(usage.Maxrss)
	if runtime.GOOS == "darwin" {
		kib /= 1024 // bytes there
	}
	return kib, true
}

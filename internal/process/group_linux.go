package process

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// groupAttr starts a process group that gets SIGTERM when we die, even by
// SIGKILL: no process would wait for a pull or build that none needs any
// more, and the next in line would start it a second time.
func groupAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// process is one of the kernel's; the start tells it from a later one that got
// the same number.
type process struct {
	pid, parent int
	session     int
	start       string // clock ticks since the system's start
}

// descendants lists what pid has started, and what that has started, and so
// on. A build's steps are among them, in sessions of their own, where signals
// to our group do not reach them.
func descendants(pid int) []process {
	all := processes()
	family, found := []int{pid}, []process(nil)
	for i := 0; i < len(family); i++ {
		for _, p := range all {
			if p.parent == family[i] && !slices.Contains(family, p.pid) {
				family, found = append(family, p.pid), append(found, p)
			}
		}
	}
	return found
}

// steps are those of a program's descendants that run in a session of their
// own: what a build's step has started.
func steps(leader int, seen []process) []process {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(leader) + "/stat")
	own, ok := parseStat(b)
	if err != nil || !ok {
		return nil // it has ended
	}
	return slices.DeleteFunc(slices.Clone(seen), func(p process) bool { return p.session == own.session })
}

// kill ends those that still run.
func kill(seen []process) {
	if len(seen) == 0 {
		return
	}
	for _, p := range processes() {
		if slices.ContainsFunc(seen, func(s process) bool { return s.pid == p.pid && s.start == p.start }) {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
}

func processes() []process {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var all []process
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(b); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseStat reads /proc/PID/stat, see proc(5). The name, in parentheses, may
// hold anything, parentheses included.
func parseStat(b []byte) (process, bool) {
	pid, err := strconv.Atoi(string(b[:max(0, bytes.IndexByte(b, ' '))]))
	rest := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if err != nil || len(rest) < 20 {
		return process{}, false
	}
	parent, err := strconv.Atoi(string(rest[1]))
	if err != nil {
		return process{}, false
	}
	session, err := strconv.Atoi(string(rest[3]))
	return process{pid: pid, parent: parent, session: session, start: string(rest[19])}, err == nil
}

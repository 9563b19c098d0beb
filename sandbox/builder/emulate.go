package builder

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// machine is an architecture as Linux programs name it.
type machine struct {
	elf  uint16 // e_machine
	code []byte // that ends with exit code 0
}

// machines are the architectures that are tried, by their names in platforms.
var machines = map[string]machine{
	"amd64": {62, []byte{0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}},                                           // xor edi, edi; mov eax, 60; syscall
	"arm64": {183, []byte{0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0, 0, 0, 0}}, // mov x0, 0; mov x8, 93; svc 0
}

// tryTimeout bounds the run of a program that does nothing.
const tryTimeout = 10 * time.Second

// cannotRun reports whether this machine refuses programs of an architecture,
// by running one. How it emulates others is not to be seen everywhere: in a
// container, /proc/sys/fs/binfmt_misc may not be mounted. A doubt is left to
// the build.
func cannotRun(ctx context.Context, arch string) bool {
	m, known := machines[arch]
	if !known {
		return true // images are for the two that are known
	}
	dir, err := os.MkdirTemp("", "openlock-try-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, arch)
	if err := os.WriteFile(path, m.program(), 0o700); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return errors.Is(exec.CommandContext(ctx, path).Run(), syscall.ENOEXEC)
}

// program is the smallest one of its architecture: a header, a segment, and the
// code in it (System V ABI, "Object Files").
func (m machine) program() []byte {
	const header, segment, address = 64, 56, 0x400000
	size := uint64(header + segment + len(m.code))
	b := append([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, make([]byte, 9)...)
	le := binary.LittleEndian
	b = le.AppendUint16(le.AppendUint16(b, 2), m.elf)                       // an executable
	b = le.AppendUint32(b, 1)                                               // version
	b = le.AppendUint64(le.AppendUint64(b, address+header+segment), header) // entry, segments
	b = le.AppendUint32(le.AppendUint64(b, 0), 0)                           // no sections, no flags
	for _, n := range []uint16{header, segment, 1, 64, 0, 0} {
		b = le.AppendUint16(b, n)
	}
	b = le.AppendUint32(le.AppendUint32(b, 1), 5) // loaded, to be read and executed
	for _, n := range []uint64{0, address, address, size, size, 0x10000} {
		b = le.AppendUint64(b, n)
	}
	return append(b, m.code...)
}

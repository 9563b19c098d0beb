package lab

// Bind shows a directory in place of another to one program, in a mount
// namespace of its own: the machine's stays as it is. It needs root. The zero
// value shows nothing.
type Bind struct{ From, To string }

const bindAndRun = `mount --bind "$1" "$2"
shift 2
exec "$@"`

// Command is the command of a program that sees the directory.
func (b Bind) Command(path string, args ...string) []string {
	command := append([]string{path}, args...)
	if b == (Bind{}) {
		return command
	}
	return append([]string{"unshare", "--mount", "--propagation", "private", "sh", "-ec", bindAndRun, "sh", b.From, b.To}, command...)
}

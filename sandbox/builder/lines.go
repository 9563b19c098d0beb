package builder

import (
	"bytes"
	"io"
	"sync"
)

// lineWriter writes whole lines, each after a prefix, so that what several
// builds print at the same time stays readable.
type lineWriter struct {
	mu     *sync.Mutex // shared by all that write to w
	w      io.Writer   // nil: the output is dropped
	prefix string
	rest   []byte // of a line that has not ended yet
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	lines := l.rest[:end]
	l.rest = append([]byte(nil), l.rest[end:]...)
	return len(b), l.print(lines)
}

// Flush writes a last line that has no end.
func (l *lineWriter) Flush() {
	if len(l.rest) > 0 {
		l.print(append(l.rest, '\n'))
		l.rest = nil
	}
}

func (l *lineWriter) print(lines []byte) error {
	if l.w == nil {
		return nil
	}
	var out bytes.Buffer
	for line := range bytes.Lines(lines) {
		out.WriteString(l.prefix)
		out.Write(line)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.w.Write(out.Bytes())
	return err
}

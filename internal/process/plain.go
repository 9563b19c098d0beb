package process

import (
	"io"
	"sync"
	"unicode"
	"unicode/utf8"
)

// tailSize is how much of the end is kept, in bytes.
const tailSize = 4 << 10

// plainWriter makes what engines print fit for a terminal: text of registries
// and build steps passes through them, and a terminal obeys control
// characters. It keeps line feeds and tabs, turns carriage returns into line
// feeds, drops the other control characters and replaces what is not UTF-8.
type plainWriter struct {
	mu   sync.Mutex // standard output and standard error share it
	w    io.Writer
	rest []byte // an incomplete rune at the end of the last write
	tail []byte // the end of what was written
}

func newPlainWriter(w io.Writer) *plainWriter {
	if w == nil {
		w = io.Discard
	}
	return &plainWriter{w: w}
}

func (p *plainWriter) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := append(p.rest, b...)
	out := make([]byte, 0, len(in))
	for len(in) > 0 && utf8.FullRune(in) {
		r, n := utf8.DecodeRune(in)
		cr := r == '\r'
		if cr && len(in) == n {
			break // whether a line feed follows is not known yet
		}
		if cr && in[n] != '\n' {
			r = '\n'
		}
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			out = utf8.AppendRune(out, r)
		}
		in = in[n:]
	}
	p.rest = append([]byte(nil), in...)
	p.tail = lastOf(append(p.tail, out...))
	p.w.Write(out) // a terminal or a disk that is gone does not end the work
	return len(b), nil
}

// lastOf returns the end of b that is kept.
func lastOf(b []byte) []byte {
	if over := len(b) - tailSize; over > 0 {
		return append(b[:0], b[over:]...)
	}
	return b
}

// Flush writes what is left of a last, incomplete rune.
func (p *plainWriter) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.rest) > 0 && p.rest[0] != '\r' {
		io.WriteString(p.w, string(utf8.RuneError))
	}
	p.rest = nil
}

package cli

import (
	"io"
	"sync"
)

// heldSize is how much of an engine's output is kept for the case that it
// fails, in bytes.
const heldSize = 64 << 10

// Held passes on what engines print as it comes; with quiet, it keeps the end
// of it until release.
type Held struct {
	mu    sync.Mutex
	w     io.Writer
	quiet bool
	tail  []byte
}

func NewHeld(w io.Writer, quiet bool) *Held { return &Held{w: w, quiet: quiet} }

func (h *Held) Write(b []byte) (int, error) {
	if !h.quiet {
		return h.w.Write(b)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tail = append(h.tail, b...)
	if over := len(h.tail) - heldSize; over > 0 {
		h.tail = append(h.tail[:0], h.tail[over:]...)
	}
	return len(b), nil
}

// release prints what was kept.
func (h *Held) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.w.Write(h.tail)
	h.tail = nil
}

package github

import (
	"io"
	"os"
	"sync"
)

// Guard passes text on to a runner's log so that none of it is a command. A
// runner reads every line of both streams, whichever program printed it: one that begins
// with "::" after white space, and "##[" anywhere in one. A space breaks both:
// ": :" and "## [".
type Guard struct {
	mu     sync.Mutex
	w      io.Writer
	begun  bool // the line has more than white space
	colon  bool // the line's first character is a colon, and its last
	hashes int  // how many the line ends with
	inLine bool // something was written since the line began
}

// Plain returns a writer for text that must not be read as a command: a [Guard]
// where the program runs in a workflow, elsewhere w.
func Plain(w io.Writer) io.Writer {
	if !running() {
		return w
	}
	return &Guard{w: w}
}

func running() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }

func (g *Guard) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]byte, 0, len(b)+8)
	for _, c := range b {
		if g.colon && c == ':' || g.hashes > 1 && c == '[' {
			out = append(out, ' ')
		}
		out = append(out, c)
		g.follow(c)
	}
	if _, err := g.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// follow keeps account of the line. What is not ASCII counts as white space:
// some of it is, and byte order marks may be dropped on the way.
func (g *Guard) follow(c byte) {
	if c == '\n' || c == '\r' {
		g.begun, g.colon, g.hashes, g.inLine = false, false, 0, false
		return
	}
	g.inLine = true
	g.colon = !g.begun && c == ':'
	if c > ' ' && c < 0x7f {
		g.begun = true
	}
	if c == '#' {
		g.hashes++
	} else {
		g.hashes = 0
	}
}

// command writes a command of ours, on a line of its own.
func (g *Guard) command(line string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inLine {
		line = "\n" + line
	}
	io.WriteString(g.w, line+"\n")
	g.follow('\n')
}

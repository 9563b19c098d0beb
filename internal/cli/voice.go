package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox"
)

// The voice of openlock, for everything that is not data (a project that imports
// the targets has its own name in place of openlock):
//
//	openlock: lower case, one line, no final period
//	openlock: warning: what is wrong, though it goes on
//	hint: what you can do about it
//
// Whatever came from outside passes sanitize.Line first: a terminal obeys
// control characters.

// Announce says what was done, in one line.
func (a *App) Announce(text string) { a.say(text) }

func (a *App) say(text string) { sayAs(a.Err, a.Program.Name, text) }

func sayAs(w io.Writer, program, text string) {
	fmt.Fprintf(w, "%s: %s\n", program, sanitize.Line(text))
}

func hint(w io.Writer, text string) {
	if text != "" {
		fmt.Fprintf(w, "hint: %s\n", sanitize.Line(text))
	}
}

// Notify says a notice. With quiet, only a warning is worth saying.
func (a *App) Notify(n sandbox.Notice) {
	switch {
	case n.Warning:
		a.say("warning: " + n.Text)
		hint(a.Err, n.Hint)
	case !a.Quiet:
		a.say(n.Text)
		hint(a.Err, n.Hint)
	}
}

// Report prints an error and its remedies in the name of a program.
func Report(w io.Writer, program string, err error) {
	if words := Words(program, err); words != "" {
		fmt.Fprintln(w, words)
	}
}

// Words returns an error and its remedies as [Report] prints them, without the
// last line's end; empty for nil.
func Words(program string, err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	m := sandbox.Explain(err)
	for _, text := range m.Messages {
		sayAs(&b, program, text)
	}
	for _, text := range m.Hints {
		hint(&b, text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

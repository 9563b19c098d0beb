package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// The voice of openlock, for everything that is not data:
//
//	openlock: lower case, one line, no final period
//	openlock: warning: what is wrong, though it goes on
//	hint: what you can do about it
//
// Whatever came from outside passes registry.OneLine first: a terminal obeys
// control characters.

func say(w io.Writer, text string) { sayAs(w, "openlock", text) }

func sayAs(w io.Writer, program, text string) {
	fmt.Fprintf(w, "%s: %s\n", program, registry.OneLine(text))
}

func hint(w io.Writer, text string) {
	if text != "" {
		fmt.Fprintf(w, "hint: %s\n", registry.OneLine(text))
	}
}

// notify says a notice. With quiet, only a warning is worth saying.
func notify(w io.Writer, quiet bool) func(sandbox.Notice) {
	return func(n sandbox.Notice) {
		switch {
		case n.Warning:
			say(w, "warning: "+n.Text)
			hint(w, n.Hint)
		case !quiet:
			say(w, n.Text)
			hint(w, n.Hint)
		}
	}
}

// Report prints an error and its remedies.
func Report(w io.Writer, err error) { ReportAs(w, "openlock", err) }

// ReportAs is [Report] in the name of another program.
func ReportAs(w io.Writer, program string, err error) {
	if words := wordsAs(program, err); words != "" {
		fmt.Fprintln(w, words)
	}
}

// Words returns an error and its remedies as [Report] prints them, without the
// last line's end; empty for nil.
func Words(err error) string { return wordsAs("openlock", err) }

func wordsAs(program string, err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	m := explain(err)
	for _, text := range m.texts {
		sayAs(&b, program, text)
	}
	for _, text := range m.hints {
		hint(&b, text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Package github speaks to GitHub Actions, where the program runs there:
// outputs of a step, the job's summary, groups in the log and annotations.
// Every value is escaped; none can become another command, output or markup.
// Where it does not run there, every function does nothing.
//
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
package github

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strings"
)

// Actions is a step of a GitHub workflow; nil is none.
type Actions struct {
	log     *Guard
	output  string // path of the file for outputs
	summary string // path of the file for the summary
	grouped bool
}

// Detect returns the step that this process is part of, by GITHUB_ACTIONS,
// GITHUB_OUTPUT and GITHUB_STEP_SUMMARY; nil elsewhere. Log is what the runner
// reads commands from, standard output or standard error; everything else that
// goes there has to go through the writer that is returned.
func Detect(log io.Writer) (*Actions, io.Writer) {
	if !running() {
		return nil, log
	}
	guard := &Guard{w: log}
	return &Actions{log: guard, output: os.Getenv("GITHUB_OUTPUT"), summary: os.Getenv("GITHUB_STEP_SUMMARY")}, guard
}

// Output is a value for later steps and jobs.
type Output struct{ Name, Value string }

// Set writes outputs.
func (a *Actions) Set(outputs ...Output) error {
	if a == nil || a.output == "" {
		return nil
	}
	var b strings.Builder
	for _, o := range outputs {
		b.WriteString(formatOutput(o, rand.Text()))
	}
	return appendTo(a.output, b.String())
}

// formatOutput uses the form for several lines, with a delimiter that a value
// cannot foresee.
func formatOutput(o Output, delimiter string) string {
	delimiter = "end-" + delimiter
	return fmt.Sprintf("%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
}

// Summarize adds a small table, of two columns, to the job's summary.
func (a *Actions) Summarize(title string, rows [][2]string) error {
	if a == nil || a.summary == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n| | |\n|---|---|\n", cell(title))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", cell(r[0]), cell(r[1]))
	}
	return appendTo(a.summary, b.String()+"\n")
}

// cell makes text plain in a cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "*", "&#42;", "_", "&#95;",
		"[", "&#91;", "]", "&#93;", "\\", "&#92;", "!", "&#33;", "@", "&#64;", "\r", " ", "\n", " ",
	).Replace(s)
}

// Group begins a group in the log, and ends the one before.
func (a *Actions) Group(title string) {
	if a == nil {
		return
	}
	a.EndGroup()
	a.log.command("::group::" + data(title))
	a.grouped = true
}

// EndGroup ends the group, if there is one.
func (a *Actions) EndGroup() {
	if a == nil || !a.grouped {
		return
	}
	a.log.command("::endgroup::")
	a.grouped = false
}

// Error makes an annotation of an error.
func (a *Actions) Error(title, text string) { a.annotate("error", title, text, "") }

// Warning makes an annotation of a warning.
func (a *Actions) Warning(title, text string) { a.annotate("warning", title, text, "") }

// ErrorAt makes an annotation of an error in a line of a file of the repository.
func (a *Actions) ErrorAt(file string, line int, title, text string) {
	a.annotate("error", title, text, place(file, line))
}

// WarningAt makes an annotation of a warning in a line of a file.
func (a *Actions) WarningAt(file string, line int, title, text string) {
	a.annotate("warning", title, text, place(file, line))
}

func place(file string, line int) string {
	return fmt.Sprintf("file=%s,line=%d,", property(file), line)
}

func (a *Actions) annotate(kind, title, text, place string) {
	if a != nil {
		a.log.command(fmt.Sprintf("::%s %stitle=%s::%s", kind, place, property(title), data(text)))
	}
}

// data escapes the text of a command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes the value of a command's property.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

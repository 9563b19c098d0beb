// Package lint tells whether a Containerfile is sound: whether the file alone
// decides the image. The tag is a hash of the file's bytes and of nothing else,
// so whatever else could change the image makes the tag a lie. Which of the
// builders that have to build it does, podman 4.3 or BuildKit, is such a thing
// too.
//
// It reads the file by BuildKit's own parser. It belongs to CI, and is not
// linked into programs for hosts.
package lint

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/vessux/openlock/internal/sanitize"
)

// Finding is one thing that makes a Containerfile unsound.
type Finding struct {
	Rule    string `json:"rule"`    // name of the rule, such as "copy-from-context"
	Line    int    `json:"line"`    // from 1
	Warning bool   `json:"warning"` // it may be sound all the same
	Text    string `json:"text"`    // what is there; one line, fit to print
	Why     string `json:"why"`     // why that matters to the tag, or to the engines
	Fix     string `json:"fix"`
}

// SyntaxError tells that BuildKit cannot read the file, or that it has more
// stages than are judged. No remedy: it says what is wrong where.
type SyntaxError struct {
	Line int    // from 1; 0 where it is about the whole file
	Text string // one line, fit to print
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

// maxFindings bounds what is said of one file.
const maxFindings = 100

// Check returns what makes a Containerfile unsound, in the order of its lines;
// none where it is sound. Of more than 100 findings, warnings are left out
// first. The error is a [*SyntaxError].
func Check(containerfile []byte) ([]Finding, error) {
	f, err := parse(containerfile)
	if err != nil {
		return nil, err
	}
	f.directives(containerfile)
	f.globals()
	for i := range f.stages {
		f.stage(i)
	}
	f.lastPlatform()
	return inOrder(f.found), nil
}

// inOrder sorts findings by line, and leaves out the last warnings, then the
// last errors, of too many.
func inOrder(found []Finding) []Finding {
	byLine := func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Or(weight(a)-weight(b), byLine(a, b)) })
	found = found[:min(len(found), maxFindings)]
	slices.SortStableFunc(found, byLine)
	return found
}

func weight(f Finding) int {
	if f.Warning {
		return 1
	}
	return 0
}

// maxStages bounds the work that a file can make.
const maxStages = 100

// file is a Containerfile that is being checked.
type file struct {
	flags  map[int][]string // of the instruction that begins in a line
	escape rune
	args   []instructions.ArgCommand // in front of the first FROM
	global *scope                    // which those make
	stages []instructions.Stage
	scopes []*scope // at the end of each stage
	found  []Finding
}

func parse(containerfile []byte) (*file, error) {
	result, err := parser.Parse(bytes.NewReader(readable(containerfile)))
	if err != nil {
		return nil, syntaxError(err)
	}
	f := &file{flags: map[int][]string{}, escape: result.EscapeToken, global: newScope(nil)}
	for _, n := range result.AST.Children {
		f.flags[n.StartLine] = n.Flags
	}
	f.stages, f.args, err = instructions.Parse(result.AST, nil)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(f.stages) == 0 {
		return nil, &SyntaxError{Text: "there is no FROM"}
	}
	if len(f.stages) > maxStages {
		return nil, &SyntaxError{Text: fmt.Sprintf("there are more than %d stages", maxStages)}
	}
	for _, s := range f.stages {
		for _, c := range s.Commands {
			if err := readMounts(c); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// readable replaces bytes that are no text: BuildKit's lexer complains of each
// on the standard error.
func readable(containerfile []byte) []byte {
	const replacement = "\uFFFD"
	return bytes.ReplaceAll(bytes.ToValidUTF8(containerfile, []byte(replacement)), []byte{0}, []byte(replacement))
}

// readMounts has the mounts of a RUN parsed, which are known only once
// variables are; ours stay as they are.
func readMounts(c instructions.Command) error {
	run, ok := c.(*instructions.RunCommand)
	if !ok {
		return nil
	}
	same := func(word string) (string, error) { return word, nil }
	if err := run.Expand(same); err != nil {
		return &SyntaxError{Line: line(run.Location()), Text: sanitize.Line(err.Error())}
	}
	return nil
}

func syntaxError(err error) error {
	e := &SyntaxError{Text: sanitize.Line(err.Error())}
	if at := new(parser.LocationError); errors.As(err, &at) {
		e.Line, e.Text = line(slices.Concat(at.Locations...)), sanitize.Line(at.Error())
	}
	return e
}

// line is the first of a place; 0 where it is unknown.
func line(at []parser.Range) int {
	if len(at) == 0 {
		return 0
	}
	return at[0].Start.Line
}

// add notes a finding by its rule.
func (f *file) add(rule string, at []parser.Range, format string, args ...any) {
	r := rules[rule]
	f.found = append(f.found, Finding{
		Rule: rule, Line: line(at), Warning: r.warning, Why: r.why, Fix: r.fix,
		Text: sanitize.Line(fmt.Sprintf(format, args...)),
	})
}

// directives checks the lines in front of the first instruction that tell how
// to read the file.
func (f *file) directives(containerfile []byte) {
	if name, _, at, found := parser.DetectSyntax(containerfile); found && !pinned(name) {
		f.add("syntax-without-digest", at, "the frontend %s is not pinned", name)
	}
	if _, _, at, found := parser.ParseDirective("escape", containerfile); found && line(at) > 1 && f.escape != parser.DefaultEscapeToken {
		f.add("too-new", at, "podman reads an escape directive in the first line only")
	}
}

// Package lint tells whether a Containerfile is sound: whether the file alone
// decides the image. The tag is a hash of the file's bytes and of nothing else,
// so whatever else could change the image makes the tag a lie.
//
// It reads the file by BuildKit's own parser. It belongs to CI, and is not
// linked into programs for hosts.
package lint

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/vessux/openlock/sandbox/registry"
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

// SyntaxError tells that BuildKit cannot read the file.
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

// Check returns what makes a Containerfile unsound, in the order of its lines;
// none where it is sound. The error is a [*SyntaxError].
func Check(containerfile []byte) ([]Finding, error) {
	f, err := parse(containerfile)
	if err != nil {
		return nil, err
	}
	f.syntaxLine(containerfile)
	for i := range f.stages {
		f.stage(i)
	}
	f.sort()
	return f.found, nil
}

// file is a Containerfile that is being checked.
type file struct {
	ast    *parser.Node
	escape rune
	global map[string]string // ARGs in front of the first FROM, with their defaults
	unset  map[string]bool   // such ARGs without a default
	stages []instructions.Stage
	found  []Finding
}

func parse(containerfile []byte) (*file, error) {
	result, err := parser.Parse(bytes.NewReader(containerfile))
	if err != nil {
		return nil, syntaxError(err)
	}
	stages, args, err := instructions.Parse(result.AST, nil)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(stages) == 0 {
		return nil, &SyntaxError{Text: "there is no FROM"}
	}
	f := &file{ast: result.AST, escape: result.EscapeToken, stages: stages, global: map[string]string{}, unset: map[string]bool{}}
	for _, a := range args {
		for _, kv := range a.Args {
			if kv.Value == nil {
				f.unset[kv.Key] = true
			} else {
				f.global[kv.Key] = f.expand(*kv.Value)
			}
		}
	}
	return f, readMounts(stages)
}

// readMounts has the mounts of every RUN parsed, which are known only once
// variables are; ours stay as they are.
func readMounts(stages []instructions.Stage) error {
	for _, s := range stages {
		for _, c := range s.Commands {
			run, ok := c.(*instructions.RunCommand)
			if !ok {
				continue
			}
			if err := run.Expand(func(word string) (string, error) { return word, nil }); err != nil {
				return &SyntaxError{Line: run.Location()[0].Start.Line, Text: registry.OneLine(err.Error())}
			}
		}
	}
	return nil
}

func syntaxError(err error) error {
	e := &SyntaxError{Text: registry.OneLine(err.Error())}
	if at := new(parser.LocationError); errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
		e.Line = at.Locations[0][0].Start.Line
	}
	return e
}

// add notes a finding by its rule.
func (f *file) add(rule string, at []parser.Range, format string, args ...any) {
	r := rules[rule]
	line := 0
	if len(at) > 0 {
		line = at[0].Start.Line
	}
	f.found = append(f.found, Finding{
		Rule: rule, Line: line, Warning: r.warning, Why: r.why, Fix: r.fix,
		Text: registry.OneLine(fmt.Sprintf(format, args...)),
	})
}

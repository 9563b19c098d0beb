// Package epoch reads from a Containerfile the time that its image is said to
// be made at. It uses BuildKit's own parser, so it belongs to CI and is not
// linked into programs for hosts.
package epoch

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/vessux/openlock/internal/sanitize"
)

// variable is the one of https://reproducible-builds.org/specs/source-date-epoch/.
const variable = "SOURCE_DATE_EPOCH"

// latest is the last time that builders take: their dates have four digits for the year.
const latest = 253402300799

// Of returns the time, in seconds since 1970-01-01 00:00 UTC, that a
// Containerfile gives SOURCE_DATE_EPOCH by the default of an ARG, before the
// first FROM or in a stage. Without one it is 0: the file alone decides the
// image, and no clock does. A file that gives two times, or something else than
// a time, is an error; so is one that BuildKit cannot read.
func Of(containerfile []byte) (int64, error) {
	file, err := parser.Parse(bytes.NewReader(containerfile))
	if err != nil {
		return 0, unreadable(err)
	}
	stages, before, err := instructions.Parse(file.AST, nil)
	if err != nil {
		return 0, unreadable(err)
	}
	r := reader{lex: shell.NewLex(file.EscapeToken)}
	global := variables{}
	for _, a := range before {
		r.args(a.Args, global, nil)
	}
	for _, s := range stages {
		known := variables{}
		for _, c := range s.Commands {
			switch c := c.(type) {
			case *instructions.ArgCommand:
				r.args(c.Args, known, global)
			case *instructions.EnvCommand:
				for _, e := range c.Env {
					known[e.Key] = r.word(e.Value, known)
				}
			}
		}
	}
	return r.time, r.err
}

// reader reads times, and keeps the first error.
type reader struct {
	lex   *shell.Lex
	found bool
	time  int64
	err   error
}

// args reads the variables that an ARG declares. One without a default has the
// value that it was given before the first FROM.
func (r *reader) args(args []instructions.KeyValuePairOptional, known, global variables) {
	for _, a := range args {
		if a.Value == nil {
			if v, ok := global[a.Key]; ok {
				known[a.Key] = v
			}
			continue
		}
		v := r.word(*a.Value, known)
		known[a.Key] = v
		if a.Key == variable {
			r.add(v)
		}
	}
}

// word replaces the variables in a word.
func (r *reader) word(word string, known variables) string {
	text, _, err := r.lex.ProcessWord(word, known)
	if err != nil && r.err == nil {
		r.err = unreadable(err)
	}
	return text
}

func (r *reader) add(text string) {
	if r.err != nil {
		return
	}
	t, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || t < 0 || t > latest:
		r.err = fmt.Errorf("containerfile: %s=%s is not a time in seconds since 1970", variable, sanitize.Line(text))
	case r.found && t != r.time:
		r.err = fmt.Errorf("containerfile: %s is %d in one place and %d in another", variable, r.time, t)
	}
	r.found, r.time = true, t
}

// variables are those that a word may use.
type variables map[string]string

// Get returns the value of a variable.
func (v variables) Get(key string) (string, bool) { s, ok := v[key]; return s, ok }

// Keys returns the names.
func (v variables) Keys() []string { return slices.Collect(maps.Keys(v)) }

func unreadable(err error) error {
	return fmt.Errorf("containerfile: %s", sanitize.Line(err.Error()))
}

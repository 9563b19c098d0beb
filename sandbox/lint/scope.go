package lint

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// given are the ARGs that builders set by the platform that is asked for.
// Those of the machine that builds are here for RUN, which may need its own
// tools by them. See
// https://docs.docker.com/reference/dockerfile/#predefined-args.
var given = []string{
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
	"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
}

// hosts are the ARGs that builders set by the machine that builds. In RUN they
// are a means; written into the image they would be part of it.
var hosts = []string{
	"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
}

// scope is what variables stand for at one place of a stage.
type scope struct {
	base   *scope                    // of the stage that this one begins from; nil for none
	values map[string]string         // what the file says
	unset  map[string][]parser.Range // ARGs whose value the file does not say, with their place
	host   map[string][]parser.Range // ARGs that builders set by their machine
	env    map[string]bool           // names that ENV has set
	arg    map[string]bool           // names that ARG has declared
}

func newScope(base *scope) *scope {
	return &scope{
		base: base, values: map[string]string{}, unset: map[string][]parser.Range{}, host: map[string][]parser.Range{},
		env: map[string]bool{}, arg: map[string]bool{},
	}
}

// set notes that from here on the file decides a variable.
func (s *scope) set(name, value string) {
	s.values[name] = value[:min(len(value), maxValue)]
	delete(s.unset, name)
	delete(s.host, name)
}

// ofBase returns the stage, of those that this one begins from, that says what
// a variable is; nil for none. ENV is in the image, so it is handed on. ARG is
// by BuildKit alone.
func (s *scope) ofBase(name string) *scope {
	if s.arg[name] || s.env[name] {
		return nil
	}
	b := s.base
	for b != nil && !b.env[name] && !b.arg[name] {
		b = b.base
	}
	return b
}

// isEnv tells whether ENV has set a variable, here or in a stage before.
func (s *scope) isEnv(name string) bool {
	b := s.ofBase(name)
	return s.env[name] || b != nil && b.env[name]
}

// Get and Keys make it what BuildKit expands words by.
func (s *scope) Get(name string) (string, bool) {
	if b := s.ofBase(name); b != nil && b.env[name] {
		s = b
	}
	value, found := s.values[name]
	return value, found
}

func (s *scope) Keys() []string { return slices.Collect(maps.Keys(s.values)) }

var _ shell.EnvGetter = (*scope)(nil)

// maxValue bounds what a few variables, each made of several of another, grow
// to: more names no image, URL or commit.
const maxValue = 1000

// expand replaces variables by what the file says, as BuildKit does. A word
// that is too long, or that no builder would take, stays as it is.
func (f *file) expand(word string, s *scope) string {
	if len(word) > maxValue || newer.MatchString(word) {
		return word
	}
	expanded, _, err := shell.NewLex(f.escape).ProcessWord(word, s)
	if err != nil {
		return word
	}
	return expanded
}

// globals reads the ARGs in front of the first FROM.
func (f *file) globals() {
	for _, c := range f.args {
		for _, name := range f.namesIn(&c) {
			if _, declared := f.global.values[name]; !declared && slices.Contains(given, name) {
				f.add("too-new", c.Location(), "an ARG in front of FROM uses %s, which podman does not know there", name)
			}
		}
		f.readAlike(c.Location(), words(&c))
		f.arg(&c, f.global)
	}
}

// plainName is one that both builders read as the name of a variable.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// arg notes what an ARG declares, which may be several variables.
func (f *file) arg(c *instructions.ArgCommand, s *scope) {
	sameLine := map[string]bool{}
	for _, kv := range c.Args {
		if !plainName.MatchString(kv.Key) {
			f.add("arg-line", c.Location(), "%s is no plain name for an ARG", kv.Key)
			return
		}
		if s.isEnv(kv.Key) {
			f.add("arg-after-env", c.Location(), "ARG %s comes after an ENV of that name: BuildKit takes the one, podman the other", kv.Key)
		}
		s.arg[kv.Key] = true
		if kv.Value == nil {
			f.argWithoutDefault(kv.Key, c.Location(), s)
		} else {
			names := f.namesOf(*kv.Value)
			for _, name := range names {
				if sameLine[name] {
					f.add("arg-line", c.Location(), "ARG %s uses %s of the same line, which podman does not know yet", kv.Key, name)
					break
				}
			}
			f.argWithDefault(kv.Key, *kv.Value, names, s)
		}
		sameLine[kv.Key] = true
	}
}

// argWithDefault sets an ARG. In front of FROM, one that is made from another
// without a default has none either; in a stage, that is a use of the other.
func (f *file) argWithDefault(name, value string, madeOf []string, s *scope) {
	for _, other := range madeOf {
		if at, unset := s.unset[other]; unset && s == f.global {
			delete(s.values, name)
			s.unset[name] = at
			return
		}
	}
	s.set(name, f.expand(value, s))
}

func (f *file) argWithoutDefault(name string, at []parser.Range, s *scope) {
	if value, found := f.global.Get(name); found && s != f.global {
		s.set(name, value)
		return
	}
	if _, declared := s.values[name]; declared {
		return // it keeps the value that it has
	}
	if slices.Contains(hosts, name) {
		s.host[name] = at
	} else if !slices.Contains(given, name) {
		s.unset[name] = at
	}
}

// uses looks for variables in an instruction that the file does not decide.
func (f *file) uses(c instructions.Command, s *scope) {
	_, run := c.(*instructions.RunCommand)
	for _, name := range f.namesIn(c) {
		at, unset := s.unset[name]
		if !unset && !run {
			at, unset = s.host[name]
		}
		switch {
		case unset:
			f.add("arg-without-default", at, "the ARG %s has no default, and is used in line %d", name, line(c.Location()))
			delete(s.unset, name) // once is enough
			delete(s.host, name)
		case s.ofBase(name) != nil && !s.isEnv(name):
			f.add("arg-of-another-stage", c.Location(), "the ARG %s is declared in the stage that this one begins from: BuildKit hands it on, podman does not", name)
			s.arg[name] = true
		}
	}
}

// namesIn lists the variables that an instruction refers to: by BuildKit's
// rules, or in a RUN by those of a shell.
func (f *file) namesIn(c instructions.Command) []string {
	if run, ok := c.(*instructions.RunCommand); ok {
		return variables(runText(run))
	}
	var names []string
	for _, word := range words(c) {
		names = append(names, f.namesOf(word)...)
	}
	return names
}

// namesOf lists the variables that a word refers to, in BuildKit's reading.
func (f *file) namesOf(word string) []string {
	if !strings.ContainsRune(word, '$') {
		return nil
	}
	var names listed
	if _, err := shell.NewLex(f.escape).ProcessWords(word, &names); err != nil {
		return variables(word)
	}
	return names
}

// listed stands for an environment in which everything is set, and keeps what
// it is asked for.
type listed []string

func (l *listed) Get(name string) (string, bool) {
	*l = append(*l, name)
	return "x", true
}

func (l *listed) Keys() []string { return nil }

// words lists what BuildKit expands variables in. A RUN, CMD, ENTRYPOINT or
// HEALTHCHECK is none of it: a shell gets those, in the build or much later.
func words(c instructions.Command) []string {
	var all []string
	note := func(word string) (string, error) {
		all = append(all, word)
		return word, nil
	}
	switch c := c.(type) {
	case *instructions.ExposeCommand:
		return c.Ports
	case *instructions.RunCommand:
		return nil
	case instructions.SupportsSingleWordExpansion:
		_ = c.Expand(note) // no error but note's own
	}
	if c, ok := c.(instructions.SupportsSingleWordExpansionRaw); ok {
		_ = c.ExpandRaw(note)
	}
	return all
}

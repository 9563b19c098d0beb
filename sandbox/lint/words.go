package lint

import (
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// runText is a RUN as it is written, without line continuations, but with its
// heredocs.
func runText(c *instructions.RunCommand) string {
	var b strings.Builder
	b.WriteString(c.String())
	for _, h := range c.Files {
		b.WriteString("\n" + h.Data)
	}
	return b.String()
}

var (
	// variable counts the backslashes in front: an odd number takes its meaning away.
	variable = regexp.MustCompile(`(\\*)\$\{?([A-Za-z_][A-Za-z0-9_]*)`)
	// reread is what makes a shell look at text in single quotes once more.
	reread = regexp.MustCompile(`\b(sh|bash|dash|ash|zsh|ksh|su|eval|trap|envsubst|xargs)\b`)
)

// variables lists the names that a shell would replace in a text.
func variables(text string) []string {
	if !reread.MatchString(text) {
		text = withoutSingleQuotes(text)
	}
	var names []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		if len(m[1])%2 == 0 {
			names = append(names, m[2])
		}
	}
	return names
}

// withoutSingleQuotes leaves out the text in single quotes, which a shell
// takes as it is.
func withoutSingleQuotes(text string) string {
	var b strings.Builder
	single, double := false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case single:
			single = c != '\''
			continue
		case c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			double = !double
		case c == '\'' && !double:
			single = true
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// newer are substitutions that podman 4.3 does not know or understands
// differently; it knows ${NAME}, ${NAME:-word} and ${NAME:+word}.
var newer = regexp.MustCompile(`(\\*)\$(\{[A-Za-z0-9_]*([^A-Za-z0-9_}:]|:[^-+])|[@*#?$!-])`)

// readAlike checks that podman reads the words of an instruction as BuildKit
// does, and tells whether it can read them at all.
func (f *file) readAlike(at []parser.Range, words []string) bool {
	for _, word := range words {
		for _, m := range newer.FindAllStringSubmatch(withoutSingleQuotes(word), -1) {
			if len(m[1])%2 == 0 {
				f.add("too-new", at, "the substitution %s", strings.TrimLeft(m[0], `\`))
				return false
			}
		}
	}
	for _, word := range words {
		if f.escape != parser.DefaultEscapeToken && f.differs(word) {
			f.add("backslash", at, "%s holds a backslash or backtick", word)
			break
		}
	}
	return true
}

// differs tells whether an escape character changes what a word says.
func (f *file) differs(word string) bool {
	ours, _, errOurs := shell.NewLex(f.escape).ProcessWord(word, &listed{})
	theirs, _, errTheirs := shell.NewLex(parser.DefaultEscapeToken).ProcessWord(word, &listed{})
	return ours != theirs || (errOurs == nil) != (errTheirs == nil)
}

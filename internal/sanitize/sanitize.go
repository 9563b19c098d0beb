// Package sanitize makes untrusted text fit to print: what registries, engines,
// files and builds say never reaches a terminal or a runner raw.
package sanitize

import (
	"strings"
	"unicode"
)

// maxLine is the number of runes of foreign text that a message may carry.
const maxLine = 300

// Line makes text from a registry, an engine or a file fit to print: one
// line, no control characters (a terminal obeys them), no "##[" (a runner of
// GitHub's may), valid UTF-8, at most 300 runes, and an ellipsis where there
// were more.
func Line(s string) string {
	var b strings.Builder
	n := 0
	space := false
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "##[", "## [")
	for _, r := range s {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			space = b.Len() > 0
			continue
		}
		if n >= maxLine || space && n == maxLine-1 {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// LastLine returns the last line of what a program said, fit to print. Most
// programs end with why they failed.
func LastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.TrimPrefix(Line(lines[len(lines)-1]), "Error: ")
}

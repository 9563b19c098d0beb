package lint

import (
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// What a RUN does is told by its text: no shell is run here, so this warns and
// refuses nothing.
var (
	// fetches is a program that downloads, with what it is told.
	fetches = anyOf(`(?:^|[\s;&|({"'/` + "`" + `])(?:curl|wget|aria2c)\s[^;&|\n]*`)
	// address is a URL, with or without a scheme, or a variable that may hold one.
	address = regexp.MustCompile(`(?i)(?:https?|ftp)://|\$|[\s"'][a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/`)
	// named is a command in which such a program is only a word.
	named = regexp.MustCompile(`(?:^|[\s({])(?:install|reinstall|add|-Syu?|echo|printf)\s`)
	// installs is any other download that does not say by content what it gets.
	installs = anyOf(`\bgit\s(?:[^;&|\n]*\s)?(?:clone|pull)\b`, `\b(?:npm|pip3?|cargo|gem)\s+(?:install|i)\b`, `\bgo\s+install\s[^;&|\n]*@`)
	// executed is a download that runs before anything could check it.
	executed = regexp.MustCompile(`^[^;&\n]*\|\s*(?:sudo\s+)?(?:\S*/)?(?:sh|bash|dash|ash|zsh|python3?|node|perl)\b`)
	// checks compares with a checksum, a signature or a commit.
	checks = anyOf(
		`\b(?:sha(?:256|384|512)?sum|shasum|b2sum)\s(?:[^;&|\n]*\s)?-(?:-check\b|[a-zA-Z]*c)`,
		"(?:\\$\\(|`)[^)`]*"+sum, // test "$(sha256sum FILE)" = …
		sum+`[^;&\n]*\|\s*(?:[ef]?grep|diff|cmp)\b`,
		`\bgpgv\s`, `\bgpg2?\s(?:[^;&|\n]*\s)?--verify\b`, `\bopenssl\s+dgst\s[^;&|\n]*-verify\b`,
		`\bminisign\s+-\w*V`, `\bcosign\s+verify`, `--require-hashes\b`, `\bnpm\s+ci\b`,
		`\bgit\s[^;&|\n]*(?:verify-(?:commit|tag)\b|\b(?:checkout|reset|switch|fetch)\s[^;&|\n]*\b[0-9a-f]{40}\b)`,
	)
)

var reference = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// sum is a program that prints a checksum.
const sum = `\b(?:sha(?:256|384|512)sum|shasum|b2sum|openssl\s+(?:dgst|sha(?:256|384|512)))\s`

func anyOf(patterns ...string) *regexp.Regexp { return regexp.MustCompile(strings.Join(patterns, "|")) }

// step is what a RUN says to a shell, with the variables that the file decides
// replaced.
type step struct {
	text string
	at   []parser.Range
}

func newStep(c *instructions.RunCommand, s *scope) step {
	text := strings.Join(c.CmdLine, " ")
	for _, h := range c.Files {
		text += "\n" + h.Data
	}
	text = reference.ReplaceAllStringFunc(text, func(found string) string {
		if value, known := s.Get(strings.Trim(found, "${}")); known {
			return value
		}
		return found
	})
	return step{text, c.Location()}
}

// downloads warns of every RUN of a stage that downloads and is not followed
// by a check, in itself or in a later RUN.
func (f *file) downloads(runs []step) {
	checkFollows := false
	for i := len(runs) - 1; i >= 0; i-- {
		text := runs[i].text
		last := lastDownload(text)
		switch {
		case last < 0:
			checkFollows = checkFollows || checks.MatchString(text)
		case executed.MatchString(text[last:]), !checkFollows && !checks.MatchString(text[last:]):
			f.add("unchecked-download", runs[i].at, "RUN downloads, and no checksum follows")
		}
	}
}

// lastDownload returns where the last download of a text begins; -1 for none.
func lastDownload(text string) int {
	last := -1
	for _, m := range fetches.FindAllStringIndex(text, -1) {
		if address.MatchString(text[m[0]:m[1]]) && !named.MatchString(before(text, m[0]+1)) {
			last = m[0]
		}
	}
	for _, m := range installs.FindAllStringIndex(text, -1) {
		last = max(last, m[0])
	}
	return last
}

// before returns what a command says before a place.
func before(text string, at int) string {
	return text[strings.LastIndexAny(text[:at], ";&|\n")+1 : at]
}

package sanitize

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"plain words":                        "plain words",
		"two\r\n\tlines ":                    "two lines",
		"\x1b]0;title\x07\x1b[2Jred":         "]0;title [2Jred",
		"right\u202eleft\u200bzero":          "right left zero",
		"caf\u00e9 \xff":                     "caf\u00e9 \uFFFD",
		"##[set-output name=a]###[b]##\x00[": "## [set-output name=a]### [b]## [",
		strings.Repeat("x", 300):             strings.Repeat("x", 300),
		strings.Repeat("é", 301):             strings.Repeat("é", 300) + "…",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", "words", "\x1b]0;t\x07", "a\r\nb", "\xff\xfe", strings.Repeat("é ", 400), "\u202e\u2028\u00a0x", "##[a]###["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Line(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxLine+1 {
			t.Errorf("%q: not UTF-8, or %d runes", got, utf8.RuneCountInString(got))
		}
		for _, r := range got {
			if r != ' ' && !unicode.IsPrint(r) {
				t.Errorf("%q holds %U", got, r)
			}
		}
		if strings.Contains(got, "##[") {
			t.Errorf("%q holds a command", got)
		}
		if again := Line(got); again != got {
			t.Errorf("%q becomes %q the second time", got, again)
		}
	})
}

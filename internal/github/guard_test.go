package github

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
)

// commands returns what a runner reads as commands in a stream: as the classes
// ActionCommand and StreamReader of actions/runner do it. Each registered name
// counts, and any other too.
func commands(stream string) (found []string) {
	for _, line := range strings.FieldsFunc(strings.TrimPrefix(stream, "\ufeff"), func(r rune) bool { return r == '\n' || r == '\r' }) {
		trimmed := strings.TrimLeftFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
		switch _, old, _ := strings.Cut(line, "##["); {
		case strings.HasPrefix(trimmed, "::"):
			found = append(found, trimmed)
		case old != "" || strings.HasSuffix(line, "##["):
			found = append(found, "##["+old)
		}
	}
	return found
}

var hostile = []string{
	"::error::x", "::set-output name=tag::evil\n", "  ::error::x", "\t \v::error::x", "\r::error::x", "\r\n::error::x", "text\n::error::x", "text\r::error::x",
	"\ufeff::error::x", "text\n\ufeff::error::x", "\u00a0::error::x", "\u3000\u2028::error::x", "\xff::error::x",
	":::error::x", "::::", "::stop-commands::token\n", "::token::\n", "::add-mask::a\n",
	"##[set-output name=tag]evil", "text ##[error]x", "###[error]x", "####[group]", "##[", "#\n#[", "##\n[", "::a ##[b]::c",
}

// TestGuard: nothing that is printed is a command, however it is cut into
// writes, and nothing is lost but for the spaces that break it.
func TestGuard(t *testing.T) {
	for _, text := range hostile {
		for cut := range len(text) + 1 {
			var b bytes.Buffer
			g := &Guard{w: &b}
			io.WriteString(g, text[:cut])
			io.WriteString(g, text[cut:])
			if found := commands(b.String()); len(found) > 0 {
				t.Errorf("%q, cut at %d, becomes %q, with the commands %q", text, cut, b.String(), found)
			}
			if got := strings.NewReplacer(": :", "::", "## [", "##[").Replace(b.String()); got != text {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	}
	for _, text := range []string{"", "std::string::x\n", "openlock: a::b\n", "## [x] # [ #[", "a: :b", ":\n:", "#\n"} {
		var b bytes.Buffer
		if n, err := io.WriteString(&Guard{w: &b}, text); err != nil || n != len(text) || b.String() != text {
			t.Errorf("%q becomes %q; %d, %v", text, b.String(), n, err)
		}
	}
}

// TestGuardBetweenCommands: our own commands are on lines of their own, and
// what others print after them is guarded from the line's beginning on.
func TestGuardBetweenCommands(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	var b bytes.Buffer
	a, log := Detect(&b)
	a.Group("one")
	io.WriteString(log, "half a line")
	a.Error("t", "x")
	io.WriteString(log, "::error::y\nmore\n")
	a.EndGroup()
	want := "::group::one\nhalf a line\n::error title=t::x\n: :error::y\nmore\n::endgroup::\n"
	if b.String() != want {
		t.Errorf("%q\nwant %q", b.String(), want)
	}
}

// TestPlain guards in a workflow only, and tells of a stream that is broken.
func TestPlain(t *testing.T) {
	for env, want := range map[string]string{"true": ": :a\n", "": "::a\n"} {
		t.Setenv("GITHUB_ACTIONS", env)
		var b bytes.Buffer
		fmt.Fprintln(Plain(&b), "::a")
		if b.String() != want {
			t.Errorf("%q: %q", env, b.String())
		}
	}
	r, w := io.Pipe()
	r.Close()
	if n, err := (&Guard{w: w}).Write(nil); err == nil {
		t.Errorf("%d, %v", n, err)
	}
}

func FuzzGuard(f *testing.F) {
	for _, text := range hostile {
		f.Add([]byte(text), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var b bytes.Buffer
		g := &Guard{w: &b}
		for rest := text; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			g.Write(rest[:n])
			rest = rest[n:]
		}
		if found := commands(b.String()); len(found) > 0 {
			t.Errorf("%q becomes %q, with the commands %q", text, b.String(), found)
		}
	})
}

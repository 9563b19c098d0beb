package github

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNowhere(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "")
	var b bytes.Buffer
	a, _ := Detect(&b)
	a.Group("x")
	a.EndGroup()
	a.Error("x", "y")
	a.Warning("x", "y")
	if err := a.Set(Output{"x", "y"}); err != nil {
		t.Error(err)
	}
	if err := a.Summarize("x", nil); err != nil {
		t.Error(err)
	}
	if b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
}

func TestLog(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	var b bytes.Buffer
	a, _ := Detect(&b)
	a.Group("one\n::error::x")
	a.Group("two")
	a.EndGroup()
	a.EndGroup()
	a.Error("no: way, 100%", "line\r\nline 50%")
	want := "::group::one%0A::error::x\n::endgroup::\n::group::two\n::endgroup::\n" +
		"::error title=no%3A way%2C 100%25::line%0D%0Aline 50%25\n"
	if b.String() != want {
		t.Errorf("%q\nwant %q", b.String(), want)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	output, summary := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_OUTPUT", output)
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	a, _ := Detect(&bytes.Buffer{})
	if err := a.Set(Output{"one", "1"}, Output{"two", "a\ntag=evil"}); err != nil {
		t.Fatal(err)
	}
	if got := parseOutputs(t, output); got["one"] != "1" || got["two"] != "a\ntag=evil" || len(got) != 2 {
		t.Errorf("%q", got)
	}
	if err := a.Summarize("base image", [][2]string{{"ref", "host/a_b:c"}, {"reason", "a | b\n<img> [x](y) `z`"}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(b), "<`[") || strings.Count(string(b), "\n") != 7 {
		t.Errorf("%s", b)
	}
}

// parseOutputs reads a file of outputs as the runner does.
func parseOutputs(t testing.TB, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(b))
}

func parse(text string) map[string]string {
	got := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		if !ok {
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
			value = append(value, lines[i])
		}
		got[name] = strings.Join(value, "\n")
	}
	return got
}

func FuzzOutput(f *testing.F) {
	f.Add("sha256:00")
	f.Add("a\nend-\nb<<c\nd")
	f.Fuzz(func(t *testing.T, value string) {
		got := parse(formatOutput(Output{"v", value}, "4711aFbQ"))
		if strings.Contains(value, "end-4711aFbQ") {
			return // nobody can foresee a real one
		}
		if len(got) != 1 || got["v"] != value {
			t.Errorf("%q becomes %q", value, got)
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add("%0A::error::x")
	f.Fuzz(func(t *testing.T, s string) {
		unescape := strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",")
		for _, e := range []string{data(s), property(s)} {
			if strings.ContainsAny(e, "\r\n") || unescape.Replace(e) != s {
				t.Errorf("%q becomes %q", s, e)
			}
		}
		if c := cell(s); strings.ContainsAny(c, "\r\n|<>`") {
			t.Errorf("%q becomes %q", s, c)
		}
	})
}

package lint_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/lint"
)

// pin is a digest for FROM lines that nobody builds.
const pin = "@sha256:c4a8d5503dfb2a3eb8ab5f807da5bc69a85730fb49b5cfca2330194ebcc41c7b"

// fill puts the seed image into a row of the tables.
func fill(text, seed string) string { return strings.ReplaceAll(text, "SEED", seed) }

func check(t *testing.T, text string) []lint.Finding {
	t.Helper()
	found, err := lint.Check([]byte(fill(text, "127.0.0.1:5000/seed"+pin)))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSound(t *testing.T) {
	for name, text := range sound {
		if found := check(t, text); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if len(sound) != 20 {
		t.Errorf("%d sound Containerfiles", len(sound))
	}
}

func TestUnsound(t *testing.T) {
	refused := 0
	for name, row := range unsound {
		if row.rule == "" {
			var syntax *lint.SyntaxError
			if _, err := lint.Check([]byte(row.text)); err == nil || !errors.As(err, &syntax) {
				found := check(t, row.text)
				if len(found) != 1 || found[0].Rule != "from-without-digest" {
					t.Errorf("%s: %+v, %v", name, found, err)
				}
			}
			continue
		}
		refused++
		found := check(t, row.text)
		if len(found) != 1 || found[0].Rule != row.rule || found[0].Line != row.line || found[0].Warning {
			t.Errorf("%s: %+v, want %s in line %d alone", name, found, row.rule, row.line)
			continue
		}
		if f := found[0]; f.Text == "" || f.Why == "" || f.Fix == "" {
			t.Errorf("%s: %+v lacks something", name, f)
		}
	}
	if refused != 21 {
		t.Errorf("%d unsound Containerfiles", refused)
	}
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"FROM SEED\nRUN curl -fsSL https://example.com/install.sh | sh\n":                                          "unchecked-download",
		"FROM SEED\nRUN curl -fsSLo x https://example.com/x && echo 'abc  x' | sha256sum --check && install x /\n": "",
		"FROM SEED\nRUN wget https://example.com/x \\\n && tar xf x\n":                                             "unchecked-download",
		"FROM SEED\nRUN --mount=type=cache,target=/root/.cache [\"/bin/seed\", \"arch\"]\n":                        "cache-mount",
		"FROM SEED\nRUN apt-get install -y curl\n":                                                                 "",
		"FROM SEED\nLABEL text=\\$NAME\nARG NAME\n":                                                                "",
	} {
		found := check(t, text)
		switch {
		case want == "" && len(found) > 0:
			t.Errorf("%q: %+v", text, found)
		case want != "" && (len(found) != 1 || found[0].Rule != want || !found[0].Warning):
			t.Errorf("%q: %+v, want the warning %s", text, found, want)
		}
	}
}

// TestOurOwn: the Containerfile that is embedded passes.
func TestOurOwn(t *testing.T) {
	found, err := lint.Check(base.Containerfile())
	if err != nil || len(found) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestNoContainerfile(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "# nothing\n": "", "RUN x\n": "", "FROM scratch\nFLY away\n": "line 2", "FROM scratch\nRUN --mount=type=none x\n": "line 2", "ARG A=1\n": "",
	} {
		_, err := lint.Check([]byte(text))
		var syntax *lint.SyntaxError
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want a syntax error at %q", text, err, want)
		}
	}
}

// FuzzCheck: any bytes are judged, and what is said is fit to print.
func FuzzCheck(f *testing.F) {
	for _, text := range sound {
		f.Add([]byte(text))
	}
	for _, row := range unsound {
		f.Add([]byte(row.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := lint.Check(b)
		if err != nil && len(found) > 0 {
			t.Errorf("both findings and an error: %+v, %v", found, err)
		}
		for _, x := range found {
			if strings.ContainsFunc(x.Text, func(r rune) bool { return r < ' ' || r == 0x7f }) || x.Line < 1 {
				t.Errorf("%+v", x)
			}
		}
	})
}

package lint_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/lint"
)

// pin is a digest for FROM lines that nobody builds.
const pin = "@sha256:c4a8d5503dfb2a3eb8ab5f807da5bc69a85730fb49b5cfca2330194ebcc41c7b"

// fill puts the seed image into a row of the tables.
func fill(text, seed string) string {
	tagged := strings.Replace(seed, "@", ":tag@", 1)
	return strings.NewReplacer("SEED", seed, "TAGGED", tagged).Replace(text)
}

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
	if len(sound) < 20 {
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
		found := slices.DeleteFunc(check(t, row.text), func(f lint.Finding) bool { return f.Warning })
		if len(found) != 1 || found[0].Rule != row.rule || found[0].Line != row.line {
			t.Errorf("%s: %+v, want %s in line %d alone", name, found, row.rule, row.line)
			continue
		}
		if f := found[0]; f.Text == "" || f.Why == "" || f.Fix == "" {
			t.Errorf("%s: %+v lacks something", name, f)
		}
	}
	if refused < 20 {
		t.Errorf("%d unsound Containerfiles", refused)
	}
}

func TestWarnings(t *testing.T) {
	const unchecked, none = "unchecked-download", ""
	for text, want := range map[string]string{
		"RUN curl -fsSL https://example.com/install.sh | sh":                                                        unchecked,
		"RUN curl -fsSL https://example.com/x | sh && echo 'abc  x' | sha256sum -c":                                 unchecked,
		"RUN curl -fsSLo x https://example.com/x && echo 'abc  x' | sha256sum --strict --check && install x /":      none,
		"RUN curl -fsSLo x https://example.com/x\nRUN echo 'abc  x' | sha256sum -c -":                               none,
		"RUN echo 'abc  x' | sha256sum -c -\nRUN curl -fsSLo x https://example.com/x":                               unchecked,
		"RUN sha256sum -c y && curl -fsSLo x https://example.com/x":                                                 unchecked,
		"RUN curl -o a https://example.com/a && sha256sum -c a.sum && curl -o b https://example.com/b":              unchecked,
		"RUN wget https://example.com/x && sha256sum x":                                                             unchecked,
		"RUN wget https://example.com/x && [ \"$(sha256sum x | cut -c1-64)\" = abc ]":                               none,
		"RUN wget https://example.com/x && sha256sum x | grep -q abc":                                               none,
		"RUN wget https://example.com/x && test \"$(openssl dgst -sha256 -r x | cut -c1-64)\" = abc":                none,
		"RUN get() { curl -o \"$1\" \"$2\"; echo \"$3  $1\" | sha256sum -c; }; get a https://example.com/a abc":     none,
		"RUN wget https://example.com/x \\\n && tar xf x":                                                           unchecked,
		"RUN /usr/bin/curl -O example.com/x.tar":                                                                    unchecked,
		"ARG URL=https://example.com/x\nRUN curl -O \"$URL\"":                                                       unchecked,
		"RUN [\"sh\", \"-c\", \"curl https://example.com/x | sh\"]":                                                 unchecked,
		"RUN sh -c \"$(curl -fsSL https://example.com/x)\"":                                                         unchecked,
		"RUN bash <(curl -fsSL https://example.com/x)":                                                              unchecked,
		"RUN curl -fsSL https://example.com/key | gpg --dearmor -o /key":                                            unchecked,
		"RUN curl -O https://example.com/x{,.asc} && gpg --batch --verify x.asc x":                                  none,
		"RUN curl --version && echo $HOME":                                                                          none,
		"RUN apt-get install -y curl && echo 'deb https://example.com x main' > /list":                              none,
		"RUN apk add --no-cache curl wget $PACKAGES":                                                                none,
		"RUN echo 'use curl https://example.com/x' > /doc":                                                          none,
		"ENV CMD='curl https://example.com/x'":                                                                      none,
		"RUN pip install requests":                                                                                  unchecked,
		"RUN pip install --require-hashes -r r.txt":                                                                 none,
		"RUN pip install --require-hashes -r r.txt && git clone https://example.com/x":                              unchecked,
		"RUN echo a;curl https://example.com/x":                                                                     unchecked,
		"RUN npm ci":                                                                                                none,
		"RUN go install example.com/x@latest":                                                                       unchecked,
		"RUN go install ./cmd/x":                                                                                    none,
		"RUN git clone https://example.com/x":                                                                       unchecked,
		"RUN git clone https://example.com/x && git -C x checkout 0123456789012345678901234567890123456789":         none,
		"ARG REV=0123456789012345678901234567890123456789\nRUN git clone https://a/x && git -C x checkout \"$REV\"": none,
		"ARG REV=v1\nRUN git clone https://a/x && git -C x checkout $REV":                                           unchecked,
		"RUN --mount=type=cache,target=/root/.cache [\"/bin/seed\", \"arch\"]":                                      "cache-mount",
		"ONBUILD LABEL a=b":                    "not-in-oci",
		"SHELL [\"/bin/bash\", \"-c\"]":        "not-in-oci",
		"HEALTHCHECK --retries=3 CMD echo $A":  "not-in-oci",
		"LABEL text=\\$NAME\nARG NAME":         none,
		"ARG A\nRUN awk '{ print $A }' f \\$A": none,
	} {
		found := check(t, "FROM SEED\n"+text+"\n")
		switch {
		case want == none && len(found) > 0:
			t.Errorf("%q: %+v", text, found)
		case want != none && (len(found) != 1 || found[0].Rule != want || !found[0].Warning):
			t.Errorf("%q: %+v, want the warning %s", text, found, want)
		}
	}
}

// TestEscapeDirective: BuildKit reads words by it, podman does not.
func TestEscapeDirective(t *testing.T) {
	for text, warned := range map[string]bool{
		"LABEL path=C:\\dir": true, "WORKDIR /C:\\dir": true, "LABEL a=`$A": true, "ARG A\nLABEL a=`$A": true, "LABEL path=C:\\dir\\": true,
		"LABEL path=\"C:\\dir\"": false, "LABEL path='C:\\dir'": false, "RUN dir C:\\dir": false,
	} {
		found := check(t, "# escape=`\nFROM SEED\n"+text+"\n")
		if warned != (len(found) == 1 && found[0].Rule == "backslash" && found[0].Warning) {
			t.Errorf("%q: %+v", text, found)
		}
	}
}

// TestBounded: a file as large as any that is read is judged soon, and not
// much is said of it.
func TestBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it judges the largest files that there are")
	}
	repeat := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (containerfile.MaxSize-len(head)-len(tail))/len(unit)) + tail
	}
	for name, text := range map[string]string{
		"findings":  repeat("FROM scratch\n", "COPY . /\n", ""),
		"warnings":  repeat("FROM scratch\n", "ONBUILD RUN x\n", "COPY . /\n"),
		"growth":    "FROM scratch\nENV A=xxxxxxxxxx\n" + strings.Repeat("ENV A=$A$A$A$A$A$A$A$A\n", 1000),
		"depth":     "FROM scratch\nENV A=" + strings.Repeat("${B:-xxxxx\\\n", 70000) + strings.Repeat("}\\\n", 70000) + "\n",
		"downloads": repeat("FROM scratch\nRUN ", "curl $;\\\n", "x\n"),
		"variables": repeat("FROM scratch\nARG A\nRUN ", "$A \\\n", "x\n"),
		"quotes":    repeat("FROM scratch\nLABEL a=", "'\\\n", "\n"),
		"no text":   repeat("FROM scratch\nLABEL a=", "\x00\xff\\\n", "\n"),
	} {
		start := time.Now()
		found, err := lint.Check([]byte(text))
		if took := time.Since(start); err != nil || len(found) > 100 || took > time.Minute {
			t.Errorf("%s: %d findings, %v, after %s", name, len(found), err, took)
		}
		if name == "warnings" && found[len(found)-1].Warning {
			t.Errorf("%s: an error is left out for warnings", name)
		}
	}
	var syntax *lint.SyntaxError
	if _, err := lint.Check([]byte(repeat("", "FROM scratch\n", ""))); !errors.As(err, &syntax) {
		t.Errorf("stages without number: %v", err)
	}
}

// TestLimits: the largest number of stages, and the longest word in which
// variables are replaced.
func TestLimits(t *testing.T) {
	stages := strings.Repeat("FROM scratch\n", 100)
	if found := check(t, stages); len(found) > 0 {
		t.Errorf("100 stages: %+v", found)
	}
	if _, err := lint.Check([]byte(stages + "FROM scratch\n")); err == nil || err.Error() != "there are more than 100 stages" {
		t.Errorf("101 stages: %v", err)
	}
	for length, rule := range map[int]string{1000: "add-without-checksum", 1001: "copy-from-context"} {
		word := "$U/" + strings.Repeat("x", length-3)
		if found := check(t, "FROM SEED\nARG U=https://example.com\nADD "+word+" /x\n"); len(found) != 1 || found[0].Rule != rule {
			t.Errorf("a URL of %d characters: %+v", length, found)
		}
	}
}

// TestManyFindings: of more than 100, warnings are left out first, and what is
// left is in the order of its lines.
func TestManyFindings(t *testing.T) {
	const warning, refused = "ONBUILD LABEL a=b\n", "COPY . /\n"
	for name, c := range map[string]struct {
		text            string
		found, warnings int
	}{
		"100":                   {strings.Repeat(warning, 50) + strings.Repeat(refused, 50), 100, 50},
		"warnings and an error": {strings.Repeat(warning, 150) + refused, 100, 99},
		"an error and warnings": {refused + strings.Repeat(warning, 150), 100, 99},
		"errors":                {warning + strings.Repeat(refused, 101), 100, 0},
	} {
		found := check(t, "FROM scratch\n"+c.text)
		warnings := 0
		for _, f := range found {
			if f.Warning {
				warnings++
			}
		}
		if len(found) != c.found || warnings != c.warnings {
			t.Errorf("%s: %d findings, %d warnings", name, len(found), warnings)
		}
		if !slices.IsSortedFunc(found, func(a, b lint.Finding) int { return a.Line - b.Line }) {
			t.Errorf("%s: not in order", name)
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
		"": "", "# nothing\n": "", "RUN x\n": "", "FROM scratch\nFLY away\n": "line 2: unknown instruction: FLY", "FROM scratch\nRUN --mount=type=none x\n": "line 2", "ARG A=1\n": "",
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
		if syntax := new(lint.SyntaxError); errors.As(err, &syntax) && syntax.Text != sanitize.Line(syntax.Text) {
			t.Errorf("%q is not fit to print", syntax.Text)
		}
		if err != nil && len(found) > 0 {
			t.Errorf("both findings and an error: %+v, %v", found, err)
		}
		for _, x := range found {
			if x.Text == "" || x.Text != sanitize.Line(x.Text) || x.Line < 1 {
				t.Errorf("%+v", x)
			}
		}
	})
}

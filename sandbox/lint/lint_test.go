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

// sound are Containerfiles that the file alone decides. SEED is the seed image
// with its digest; they are built for real in build_test.go.
var sound = map[string]string{
	"one stage":                "FROM SEED\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\n",
	"scratch":                  "FROM scratch\nLABEL a=b\n",
	"two stages":               "FROM SEED AS one\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\nFROM SEED\nCOPY --from=one /etc/x /etc/x\n",
	"copy by number":           "FROM SEED\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\nFROM SEED\nCOPY --from=0 /etc/x /etc/x\n",
	"stage from a stage":       "FROM SEED AS one\nENV A=1\nFROM one AS two\nLABEL a=b\n",
	"upper case stage":         "FROM SEED AS Tools\nFROM SEED\nCOPY --from=Tools /bin/seed /bin/other\n",
	"copy from a pinned image": "FROM SEED\nCOPY --from=SEED /bin/seed /bin/other\n",
	"build platform":           "FROM --platform=$BUILDPLATFORM SEED AS tools\nFROM SEED\nCOPY --from=tools /etc/passwd /etc/other\n",
	"arg before from":          "ARG BASE=SEED\nFROM ${BASE}\nLABEL a=b\n",
	"arg with default":         "FROM SEED\nARG TEXT=hello\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"$TEXT\"]\n",
	"arg with global default":  "ARG TEXT=hello\nFROM SEED\nARG TEXT\nLABEL text=$TEXT\n",
	"arg that nobody uses":     "FROM SEED\nARG UNUSED\nLABEL a=b\n",
	"arg of the builder":       "FROM SEED\nARG TARGETARCH\nLABEL arch=$TARGETARCH\n",
	"line continuations":       "FROM SEED\nRUN [\"/bin/seed\", \\\n  # a comment between\n  \"write\", \"/etc/x\", \\\n  \"y\"]\n",
	"escape directive":         "# escape=`\nFROM SEED\nRUN [\"/bin/seed\", `\n  \"write\", \"/etc/x\", \"y\"]\n",
	"comments":                 "# COPY . /\n# FROM ubuntu\n\nFROM SEED\n  # ADD x /\nLABEL a=b\n",
	"CRLF":                     "FROM SEED\r\nLABEL a=b\r\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\r\n",
	"lower case":               "from SEED as one\nlabel a=b\n",
	"epoch":                    "ARG SOURCE_DATE_EPOCH=1785801600\nFROM SEED\nLABEL a=b\n",
	"mount from a stage":       "FROM SEED AS one\nFROM SEED\nRUN --mount=type=bind,from=one,target=/mnt --mount=type=tmpfs,target=/run [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\n",
}

// unsound are Containerfiles that something else decides too, or that an
// engine cannot build; each with the rule it breaks and the line.
var unsound = map[string]struct {
	text, rule string
	line       int
}{
	"copy from the context":       {"FROM SEED\nCOPY . /src\n", "copy-from-context", 2},
	"copy of a Windows path":      {"# escape=`\nFROM SEED\nCOPY C:\\src `\n  C:\\dst\n", "copy-from-context", 3},
	"copy in an early stage":      {"FROM SEED AS one\nLABEL a=b\nCOPY x /x\nFROM SEED\n", "copy-from-context", 3},
	"add from the context":        {"FROM SEED\n\nADD src.tar.gz /\n", "copy-from-context", 3},
	"add of a URL":                {"FROM SEED\nADD https://example.com/x.tar.gz /\n", "add-without-checksum", 2},
	"add of a repository":         {"FROM SEED\nADD git@github.com:a/b.git /src\n", "add-without-checksum", 2},
	"add with a checksum":         {"FROM SEED\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/x /\n", "add-checksum", 2},
	"from without digest":         {"FROM ubuntu:24.04\n", "from-without-digest", 1},
	"from by a short digest":      {"FROM ubuntu@sha256:c4a8d5503dfb\n", "", 1},
	"from an arg, not pinned":     {"ARG VERSION=24.04\nFROM ubuntu:$VERSION\n", "from-without-digest", 2},
	"from an arg without default": {"ARG BASE\nFROM $BASE\n", "arg-without-default", 2},
	"copy from an image by tag":   {"FROM SEED\nCOPY --from=busybox:1 /bin/sh /bin/sh\n", "from-without-digest", 2},
	"copy from a later stage":     {"FROM SEED\nCOPY --from=late /x /x\nFROM SEED AS late\n", "from-without-digest", 2},
	"arg without default":         {"FROM SEED\nARG VERSION\nLABEL version=${VERSION}\n", "arg-without-default", 2},
	"secret":                      {"FROM SEED\nRUN --mount=type=secret,id=token [\"/bin/seed\", \"show\", \"/run/secrets/token\"]\n", "mount-of-secret", 2},
	"ssh":                         {"FROM SEED\nRUN --mount=type=ssh [\"/bin/seed\", \"arch\"]\n", "mount-of-secret", 2},
	"bind of the context":         {"FROM SEED\nRUN --mount=target=/src [\"/bin/seed\", \"arch\"]\n", "mount-from-context", 2},
	"syntax line":                 {"# syntax=docker/dockerfile:1\nFROM SEED\n", "syntax-without-digest", 1},
	"heredoc":                     {"FROM SEED\nRUN <<EOF\n/bin/seed arch\nEOF\n", "heredoc", 2},
	"stage in another case":       {"FROM SEED AS Tools\nFROM SEED\nCOPY --from=tools /bin/seed /x\n", "stage-name-case", 3},
	"copy --link":                 {"FROM SEED AS one\nFROM SEED\nCOPY --link --from=one /bin/seed /x\n", "copy-link", 3},
	"platform of the last stage":  {"FROM --platform=linux/amd64 SEED\nLABEL a=b\n", "platform-of-last-stage", 1},
}

func check(t *testing.T, text string) []lint.Finding {
	t.Helper()
	found, err := lint.Check([]byte(strings.ReplaceAll(text, "SEED", "127.0.0.1:5000/seed"+pin)))
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

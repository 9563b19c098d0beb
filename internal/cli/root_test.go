package cli

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/engine/engines"
)

// TestCommandLine: what stands on it is right, or exit code 2 and a message.
func TestCommandLine(t *testing.T) {
	r := newRig(t)
	for _, row := range []struct {
		args []string
		code int
		out  string // prefix
		said string
	}{
		{nil, 0, "Openlock ensures that the base image", ""},
		{[]string{"--help"}, 0, "Openlock ensures that the base image", ""},
		{[]string{"ensur"}, 2, "", "openlock: unknown command \"ensur\"\nhint: did you mean `openlock ensure`?\n"},
		{[]string{"xyz"}, 2, "", "openlock: unknown command \"xyz\"\nhint: see `openlock --help`\n"},
		{[]string{"tag", "x"}, 2, "", "openlock: unknown command \"x\" for \"openlock tag\"\nhint: see `openlock --help`\n"},
		{[]string{"tag", "--pull", "never"}, 2, "", "openlock: unknown flag: --pull\nhint: see `openlock --help`\n"},
		{[]string{"tag", "--json=maybe"}, 2, "", "openlock: invalid argument \"maybe\" for \"--json\""},
		{[]string{"ensure", "--legs", "x"}, 2, "", "openlock: unknown flag: --legs\n"},
		{r.args("--print-base-tag"), 0, r.ref.String() + "\n", ""},
		{r.args("tag", "--print-base-tag"), 0, r.ref.String() + "\n", ""},
		{r.args("build", "--print-base-tag"), 0, r.ref.String() + "\n", ""},
		{r.args("--print-base-tag", "unknown", "words"), 0, r.ref.String() + "\n", ""},
		{[]string{"--print-base-tag", "--repository", "x"}, 2, "", "openlock: repository "},
		{[]string{"--print-base-tag", "--", "--help"}, 0, "ghcr.io/", ""},
		{[]string{"xyz", "--", "--print-base-tag"}, 2, "", "openlock: unknown command \"xyz\"\n"},
	} {
		out, said, code := run(t, row.args...)
		if code != row.code || !strings.HasPrefix(out, row.out) || row.out == "" && out != "" || !strings.HasPrefix(said, row.said) || row.said == "" && said != "" {
			t.Errorf("%q: %d\n%s\n%s", row.args, code, out, said)
		}
	}
	if r.asked() != "" || len(r.registry.Requests()) > 0 {
		t.Errorf("something was asked: %q, %v", r.asked(), r.registry.Requests())
	}
}

// TestVerbsTakeTheirSettings: and no others.
func TestVerbsTakeTheirSettings(t *testing.T) {
	isolate(t)
	probe := "connect-timeout header-timeout probe-timeout"
	for verb, want := range map[string]string{
		"tag": "short full", "version": "", "exists": "platform " + probe,
		"build":  "runtime platform build-timeout no-cache quiet",
		"ensure": "pull build verify verify-timeout runtime platform pull-timeout build-timeout quiet " + probe,
		"plan":   "pull build verify verify-timeout runtime platform " + probe,
	} {
		out, _, _ := run(t, verb, "--help")
		own, _, _ := strings.Cut(out, "Global Flags:")
		for _, name := range strings.Fields("pull build verify verify-timeout runtime platform pull-timeout build-timeout no-cache quiet short full legs force sign digest builder " + probe) {
			has := strings.Contains(own, "--"+name+" ")
			if taken := strings.Contains(" "+want+" ", " "+name+" "); has != taken {
				t.Errorf("%s: --%s is %v in help, want %v", verb, name, has, taken)
			}
		}
	}
}

// TestUsage: a setting's line in help.
func TestUsage(t *testing.T) {
	for name, want := range map[string]string{
		"pull":         "when to pull: missing, always, never (default missing)",
		"pull-timeout": "limit on the engine's pull (default 20m, $TOOL_PULL_TIMEOUT)",
		"platform":     "platform of the image (default the engine's, $TOOL_PLATFORM)",
		"builder":      "name of a buildx builder (default the builder in use)",
	} {
		if got := row(name).usage(Program{EnvPrefix: "TOOL_"}); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := row("pull-timeout").usage(Program{}); got != "limit on the engine's pull (default 20m)" {
		t.Errorf("without variables: %q", got)
	}
	if row("nonsense") != nil {
		t.Error("a row of no name")
	}
	for want, d := range map[string]string{"90m": "1h30m", "2s": "2s", "1m": "60s", "90s": "1m30s", "500ms": "500ms", "1.5s": "1500ms"} {
		s := Settings{}
		if err := row("pull-timeout").apply(&s, value{text: d}); err != nil || span(s.pullTimeout) != want {
			t.Errorf("%s: %s, %v", d, span(s.pullTimeout), err)
		}
	}
}

// TestNoEngine: what to do where none is installed, and where one is down.
func TestNoEngine(t *testing.T) {
	r := newRig(t)
	r.misbehave(t, "down", "")
	for _, verb := range []string{"ensure", "build", "plan"} {
		if _, said, code := run(t, r.args(verb)...); code != 2 || !strings.HasPrefix(said, "openlock: podman ") || !strings.Contains(said, "the fake engine is down") {
			t.Errorf("%s: %d, %q", verb, code, said)
		}
	}
	t.Setenv("PATH", t.TempDir())
	for _, verb := range []string{"ensure", "build", "plan"} {
		_, said, code := run(t, r.args(verb)...)
		if code != 2 || !strings.Contains(said, "hint: install "+strings.Join(engines.Names(), " or ")+", or choose an installed one with --runtime\n") {
			t.Errorf("%s: %d, %q", verb, code, said)
		}
	}
}

func TestVersionText(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for want, info := range map[string]debug.BuildInfo{
		"openlock (devel)\nbase image a/b:c":             {},
		"openlock v1.2.3\nbase image a/b:c":              {Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{setting("vcs.modified", "true")}},
		"openlock (devel) (abc)\nbase image a/b:c":       {Settings: []debug.BuildSetting{setting("vcs.revision", "abc"), setting("vcs.modified", "false")}},
		"openlock (devel) (abc-dirty)\nbase image a/b:c": {Settings: []debug.BuildSetting{setting("vcs.revision", "abc"), setting("x", "true"), setting("vcs.modified", "true")}},
	} {
		v := VersionJSON{Version: "(devel)", Ref: "a/b:c"}
		v.build(&info)
		if got := v.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		v.Digest = sha
		if got := v.String(); got != want+"@"+sha {
			t.Errorf("%q with a digest", got)
		}
	}
}

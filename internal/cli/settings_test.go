package cli

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
)

var update = flag.Bool("update", false, "write README.md's table of settings")

// isolate keeps the user's settings away.
func isolate(t *testing.T) (config string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("XDG_STATE_HOME", "")
	for _, r := range table {
		if r.env != "" {
			t.Setenv(Openlock.Variable(r.env), "")
		}
	}
	return filepath.Join(dir, "config", "openlock", "config.toml")
}

// run is the program with args; it returns both outputs and the exit code.
func run(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e strings.Builder
	err := Run(t.Context(), args, &o, &e)
	Report(&e, Openlock.Name, err)
	return o.String(), e.String(), ExitCode(err)
}

// readme is the setting's row in README's table.
func (r *setting) readme() string {
	flag, env, key, def := "`--"+r.flag+"`", "", "", r.words
	if r.mage {
		flag = "`-" + r.flag + "`"
	}
	switch {
	case r.env != "":
		env = "`" + Openlock.Variable(r.env) + "`"
	case r.foreign != "":
		env = "`" + r.foreign + "`"
	}
	if r.key != "" {
		key = "`" + r.key + "`"
	}
	if def == "" {
		def = "`" + r.preset() + "`"
	}
	help := r.help
	if len(r.values) > 0 {
		help += ": " + strings.Join(r.values, ", ")
	}
	return strings.Join([]string{"| " + flag, env, key, def, help, takenBy(r) + " |\n"}, " | ")
}

// takenBy lists the verbs that take a setting.
func takenBy(r *setting) string {
	if r.mage {
		return "Mage targets"
	}
	if slices.Contains(everyVerb, r.name()) {
		return "all"
	}
	var all []string
	for _, v := range verbs {
		if made := v(&App{Flags: Flags{}}); slices.Contains(made.settings, r.name()) {
			all = append(all, made.use)
		}
	}
	return strings.Join(all, ", ")
}

// readmeTable is the table of settings in README.md.
func readmeTable() string {
	var b strings.Builder
	b.WriteString("| flag | environment | `config.toml` | default | meaning | taken by |\n|---|---|---|---|---|---|\n")
	for i := range table {
		b.WriteString(table[i].readme())
	}
	return b.String()
}

// TestReadme compares README's table of settings with the one of the program.
func TestReadme(t *testing.T) {
	const path = "../../README.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), "<!-- settings -->\n")
	old, after, closed := strings.Cut(rest, "<!-- end of settings -->\n")
	if !found || !closed {
		t.Fatal("README.md has no <!-- settings --> … <!-- end of settings -->")
	}
	want := readmeTable()
	if old == want {
		return
	}
	if !*update {
		t.Fatal("README.md's table of settings is not that of the program: run go test ./internal/cli -update")
	}
	text := before + "<!-- settings -->\n" + want + "<!-- end of settings -->\n" + after
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDefaults: what help and README call the default is what holds, and every
// row is complete.
func TestDefaults(t *testing.T) {
	isolate(t)
	for _, r := range table {
		if r.help == "" || r.kind == "" || r.set == nil || r.preset() == "" && r.words == "" || takenBy(&r) == "" {
			t.Errorf("%s: the row is not complete", r.name())
		}
		if r.preset() != "" {
			if err := r.apply(&Settings{}, value{text: r.preset()}); err != nil {
				t.Errorf("%s: default: %v", r.name(), err)
			}
		}
	}
	s, err := Flags{}.resolve(Openlock, base.Default())
	if err != nil {
		t.Fatal(err)
	}
	if s.Runtime != "auto" || s.Pull != sandbox.PolicyMissing || s.Registry.ConnectTimeout.String() != "2s" || s.buildTimeout.String() != "1h30m0s" {
		t.Errorf("%+v", s)
	}
}

// TestEmptyValues: an empty value that was given is refused, and named.
func TestEmptyValues(t *testing.T) {
	config := isolate(t)
	for _, r := range table {
		_, err := Flags{r.name(): new(string)}.resolve(Openlock, base.Default())
		if ExitCode(err) != 2 || !strings.Contains(err.Error(), "--"+r.flag+": ") {
			t.Errorf("%s: %v", r.name(), err)
		}
		if r.key == "" {
			continue
		}
		write(t, config, r.key+` = ""`)
		_, err = Flags{}.resolve(Openlock, base.Default())
		if ExitCode(err) != 2 || !strings.Contains(err.Error(), config+": "+r.key) {
			t.Errorf("key %s: %v", r.key, err)
		}
		os.Remove(config)
	}
	for _, args := range [][]string{{"exists", "--platform", ""}, {"ensure", "--pull", ""}, {"exists", "--platform=linux/amd64", "--platform="}, {"exists", "--platform=", "--platform=linux/amd64"}} {
		if out, errOut, code := run(t, args...); code != 2 || out != "" || !strings.HasSuffix(errOut, ": the value is empty\nhint: leave it out for the default\n") {
			t.Errorf("%q: %d, %q, %q", args, code, out, errOut)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestConfiguration: keys, their places and their errors come from the table.
func TestConfiguration(t *testing.T) {
	config := isolate(t)
	write(t, config, `runtime = "docker"`)
	s, err := Flags{}.resolve(Openlock, base.Default())
	if err != nil || s.Runtime != "docker" {
		t.Errorf("%+v, %v", s.Runtime, err)
	}
	t.Setenv("OPENLOCK_RUNTIME", "podman")
	if s, err = (Flags{}).resolve(Openlock, base.Default()); err != nil || s.Runtime != "podman" {
		t.Errorf("%+v, %v", s.Runtime, err)
	}
	for text, want := range map[string]string{
		"runtime = 3":                    "is not a string",
		"[runtime]\na = 1":               "is not a string",
		"platform = \"a/b\"":             "unknown key",
		"verify.key = \"x\"":             "verify is not a string",
		"\n\nruntime = podman\n":         "config.toml, line 3, column ",
		"runtime = \"\"\nruntime = \"\"": "config.toml, line 2, column ",
		"runtim = \"podman\"\n":          "hint: the keys are repository, containerfile, runtime, verify and trust_hosts",
	} {
		write(t, config, text)
		if _, errOut, code := run(t, "tag"); code != 2 || !strings.Contains(errOut, want) {
			t.Errorf("%q: %d, %q", text, code, errOut)
		}
	}
}

// TestUnknownSetting: a slip of a target is an error.
func TestUnknownSetting(t *testing.T) {
	isolate(t)
	if _, err := (Flags{"platfrom": nil}).resolve(Openlock, base.Default()); ExitCode(err) != 2 {
		t.Error(err)
	}
}

// TestCompletion: fixed values are completed, from the table.
func TestCompletion(t *testing.T) {
	isolate(t)
	const noFiles, files = ":4\n", ":0\n" // what the shell adds
	for name, want := range map[string]string{
		"--pull": "missing\nalways\nnever\n" + noFiles, "--build": "missing\nalways\nnever\n" + noFiles,
		"--runtime": "auto\npodman\ndocker\n" + noFiles, "--containerfile": files,
		"--verify": files, "--trust-host": noFiles, "--platform": noFiles, "--wait-timeout": noFiles,
	} {
		if out, _, _ := run(t, "__complete", "ensure", name, ""); !strings.HasPrefix(out, want) {
			t.Errorf("%s: %q", name, out)
		}
	}
}

// TestHelp: the flags that a verb names are in its help, with default and
// variable.
func TestHelp(t *testing.T) {
	isolate(t)
	for _, v := range verbs {
		made := v(&App{Flags: Flags{}})
		out, _, _ := run(t, made.use, "--help")
		for _, name := range slices.Concat(everyVerb, made.settings) {
			if r := row(name); !strings.Contains(out, "--"+r.flag+" "+r.kind) || !strings.Contains(out, r.usage(Openlock)) {
				t.Errorf("%s: %s is not in help:\n%s", made.use, name, out)
			}
		}
	}
}

// TestThrowAwayVerb: a verb is a function like this one and a line in verbs.
func TestThrowAwayVerb(t *testing.T) {
	isolate(t)
	before := verbs
	t.Cleanup(func() { verbs = before })
	verbs = append(slices.Clone(verbs), func(a *App) verb {
		return verb{use: "echo", short: "Print the runtime", settings: []string{"runtime"}, run: func(context.Context) error {
			s, err := a.Start()
			if err != nil {
				return err
			}
			return a.Print(s.Runtime, s.Runtime)
		}}
	})
	for want, args := range map[string][]string{"docker\n": {"echo", "--runtime", "docker"}, "\"podman\"\n": {"echo", "--json", "--runtime=podman"}} {
		if out, errOut, code := run(t, args...); out != want || code != 0 {
			t.Errorf("%q: %q, %q, %d", args, out, errOut, code)
		}
	}
	if _, errOut, code := run(t, "echo", "--runtime", "crio"); code != 2 || !strings.Contains(errOut, `--runtime "crio": want auto, podman or docker`) {
		t.Errorf("%q, %d", errOut, code)
	}
}

// TestRepeatedFlag: a list grows, as by commas; of any other flag the last one
// holds.
func TestRepeatedFlag(t *testing.T) {
	flags := Flags{}
	for name, texts := range map[string][]string{"platforms": {"linux/amd64", "linux/arm64/v8,linux/arm/v7"}, "runtime": {"podman", "docker"}} {
		for _, text := range texts {
			if err := (&flagValue{flags, row(name)}).Set(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	isolate(t)
	s, err := flags.resolve(Openlock, base.Default())
	if err != nil || s.Runtime != "docker" || !slices.Equal(s.Platforms, []string{"linux/amd64", "linux/arm64", "linux/arm/v7"}) {
		t.Errorf("%q, %q, %v", s.Runtime, s.Platforms, err)
	}
}

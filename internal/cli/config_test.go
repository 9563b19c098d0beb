package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/sandbox/base"
)

// TestConfigurationThatIsNoFile: what is not a small file is refused, not read.
func TestConfigurationThatIsNoFile(t *testing.T) {
	config := isolate(t)
	refused := func(want string) {
		t.Helper()
		if out, said, code := run(t, "tag"); out != "" || code != 2 || !strings.HasPrefix(said, "openlock: configuration") || !strings.Contains(said, want) {
			t.Errorf("%d, %q, %q", code, out, said)
		}
	}
	write(t, config, "")
	if err := os.Truncate(config, smallfile.MaxSize+1); err != nil {
		t.Fatal(err)
	}
	refused(config + ": is larger than 1 MiB")
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, config); err != nil {
		t.Skip(err)
	}
	refused(config + ": is not a regular file")
	os.Remove(config)
	write(t, config, "runtime = ")
	refused(config + ", line 1, column ")
	write(t, config, "#"+strings.Repeat("x", smallfile.MaxSize-1))
	if _, said, code := run(t, "tag"); code != 0 {
		t.Errorf("a file of 1 MiB: %d, %q", code, said)
	}
}

// TestConfigurationList: a setting that a flag may repeat can be a list.
func TestConfigurationList(t *testing.T) {
	config := isolate(t)
	both := map[string][]string{"r.example": {"a.example", "b.example"}}
	for file, want := range map[string]map[string][]string{
		`trust_hosts = "r.example=a.example,r.example=b.example"`:      both,
		`trust_hosts = ["r.example=a.example", "r.example=b.example"]`: both,
		`trust_hosts = []`:                         nil,
		`trust_hosts = [""]`:                       nil,
		`trust_hosts = ["r.example=a.example", 1]`: nil,
		`trust_hosts = 1`:                          nil,
		`runtime = ["podman"]`:                     nil,
	} {
		write(t, config, file)
		s, err := Flags{}.resolve(Openlock, base.Default())
		if (err == nil) != (want != nil) || !reflect.DeepEqual(s.Registry.TrustHosts, want) {
			t.Errorf("%s: %v, %v", file, s.Registry.TrustHosts, err)
		}
	}
}

// TestNoConfiguration: none, and a directory that is none, set nothing.
func TestNoConfiguration(t *testing.T) {
	config := isolate(t)
	for _, file := range []string{"", filepath.Dir(config), filepath.Dir(filepath.Dir(config))} {
		if file != "" {
			os.RemoveAll(filepath.Dir(filepath.Dir(config)))
			write(t, file, "not a directory")
		}
		if _, said, code := run(t, "tag"); code != 0 {
			t.Errorf("%q: %d, %q", file, code, said)
		}
	}
	os.RemoveAll(filepath.Dir(filepath.Dir(config)))
	write(t, config, `runtime = "docker"`)
	write(t, filepath.Join(filepath.Dir(filepath.Dir(config)), "config.toml"), `runtime = "docker"`)
	for _, p := range []Program{{Name: "tool"}, {Name: "tool", ConfigDir: "tool", EnvPrefix: "TOOL_"}} {
		t.Setenv("OPENLOCK_BASE_REPOSITORY", "a.example/b")
		t.Setenv("BASE_REPOSITORY", "a.example/b")
		s, err := Flags{}.resolve(p, base.Default())
		if err != nil || s.Runtime != "auto" || s.Base.Repository != base.Repository {
			t.Errorf("%+v: %q, %q, %v", p, s.Runtime, s.Base.Repository, err)
		}
	}
	write(t, filepath.Join(filepath.Dir(filepath.Dir(config)), "tool", "config.toml"), `repository = "c.example/d"`)
	tool := Program{Name: "tool", ConfigDir: "tool", EnvPrefix: "TOOL_"}
	if s, err := (Flags{}).resolve(tool, base.Default()); err != nil || s.Base.Repository != "c.example/d" {
		t.Errorf("its own configuration: %q, %v", s.Base.Repository, err)
	}
	t.Setenv("TOOL_BASE_REPOSITORY", "e.example/f")
	if s, err := (Flags{}).resolve(tool, base.Default()); err != nil || s.Base.Repository != "e.example/f" {
		t.Errorf("its own variable: %q, %v", s.Base.Repository, err)
	}
}

// TestEnumerate lists words as a sentence does.
func TestEnumerate(t *testing.T) {
	if got := enumerate([]string{"a", "b"}, "or") + enumerate([]string{"a", "b", "c"}, "and"); got != "a or ba, b and c" {
		t.Error(got)
	}
}

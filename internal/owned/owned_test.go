//go:build unix

package owned_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/owned"
)

// tree makes dir/bin/program and dir/link, which leads to bin.
func tree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "bin", "program"), nil, 0o755))
	must(t, os.Symlink("bin", filepath.Join(dir, "link")))
	for _, name := range []string{"", "bin", "bin/program"} { // whatever the umask is
		must(t, os.Chmod(filepath.Join(dir, name), 0o755))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPath: what only root and we can change is accepted, by way of links too,
// and the result leads through none.
func TestPath(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"plain":                      func(string) error { return nil },
		"sticky directory":           func(dir string) error { return os.Chmod(filepath.Join(dir, "bin"), 0o777|os.ModeSticky) },
		"group may read":             func(dir string) error { return os.Chmod(filepath.Join(dir, "bin", "program"), 0o750) },
		"set-group-ID, not writable": func(dir string) error { return os.Chmod(filepath.Join(dir, "bin"), 0o755|os.ModeSetgid) },
	} {
		dir := tree(t)
		must(t, prepare(dir))
		want := filepath.Join(dir, "bin", "program")
		for _, path := range []string{want, filepath.Join(dir, "link", "program"), filepath.Join(dir, "link") + "/../link/./program"} {
			if got, err := owned.Path(path); err != nil || got != want {
				t.Errorf("%s: Path(%s) = %q, %v", name, path, got, err)
			}
		}
	}
}

// TestPathOfOthers: what others could change on the way is refused and named.
func TestPathOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(dir string) error
		culprit string // below the tree
		root    bool   // only root can prepare it
	}{
		"file":            {func(dir string) error { return os.Chmod(filepath.Join(dir, "bin", "program"), 0o757) }, "bin/program", false},
		"group":           {func(dir string) error { return os.Chmod(filepath.Join(dir, "bin", "program"), 0o775) }, "bin/program", false},
		"directory":       {func(dir string) error { return os.Chmod(filepath.Join(dir, "bin"), 0o777) }, "bin", false},
		"directory above": {func(dir string) error { return os.Chmod(dir, 0o770) }, "", false},
		"sticky file":     {func(dir string) error { return os.Chmod(filepath.Join(dir, "bin", "program"), 0o777|os.ModeSticky) }, "bin/program", false},
		"owner":           {func(dir string) error { return os.Chown(filepath.Join(dir, "bin", "program"), 12345, 0) }, "bin/program", true},
		"owner in a sticky directory": {func(dir string) error {
			if err := os.Chmod(filepath.Join(dir, "bin"), 0o777|os.ModeSticky); err != nil {
				return err
			}
			return os.Chown(filepath.Join(dir, "bin", "program"), 12345, 0)
		}, "bin/program", true},
		"owner of a directory": {func(dir string) error { return os.Chown(filepath.Join(dir, "bin"), 12345, 0) }, "bin", true},
		"owner of the link":    {func(dir string) error { return os.Lchown(filepath.Join(dir, "link"), 12345, 0) }, "link", true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.root && os.Geteuid() != 0 {
				t.Skip("only root can give a file to another user")
			}
			dir := tree(t)
			must(t, c.prepare(dir))
			got, err := owned.Path(filepath.Join(dir, "link", "program"))
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, c.culprit)+" ") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestPathThatLeadsNowhere ends with an error.
func TestPathThatLeadsNowhere(t *testing.T) {
	dir := tree(t)
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	for _, name := range []string{"loop", "none", "bin/none"} {
		if got, err := owned.Path(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s leads to %q", name, got)
		}
	}
}

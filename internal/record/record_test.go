package record

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var verified = Record{Image: "sha256:1", Digest: "sha256:2", Manifest: "sha256:3", Policy: "4"}

func TestSaveAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	if got := Load(dir, "key"); got != nil {
		t.Errorf("of nothing: %+v", got)
	}
	for _, want := range []Record{verified, {Image: "sha256:4"}} {
		if err := Save(dir, "key", want); err != nil {
			t.Fatal(err)
		}
		if got := Load(dir, "key"); got == nil || *got != want || got.Built() != (want.Digest == "") {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := Load(dir, "another"); got != nil {
		t.Errorf("of another key: %+v", got)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v, %v: something is left over", files, err)
	}
}

// TestWithoutDirectory: the working directory is none.
func TestWithoutDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Save(".", "key", verified); err != nil {
		t.Fatal(err)
	}
	if got := Load("", "key"); got != nil {
		t.Errorf("%+v", got)
	}
}

// TestUnreliable: what is not a whole record, or could be somebody else's, is none.
func TestUnreliable(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, file string) error{
		"empty":    func(_ *testing.T, file string) error { return os.WriteFile(file, nil, 0o600) },
		"cut":      func(_ *testing.T, file string) error { return os.Truncate(file, 20) },
		"no image": func(_ *testing.T, file string) error { return os.WriteFile(file, []byte(`{}`), 0o600) },
		"no policy": func(_ *testing.T, file string) error {
			return os.WriteFile(file, []byte(`{"image":"a","digest":"b","manifest":"c"}`), 0o600)
		},
		"no manifest": func(_ *testing.T, file string) error {
			return os.WriteFile(file, []byte(`{"image":"a","digest":"b","policy":"c"}`), 0o600)
		},
		"endless": func(_ *testing.T, file string) error {
			return os.WriteFile(file, []byte(strings.Repeat(" ", maxRecord)+`{"image":"a"}`), 0o600)
		},
		"for others":                func(_ *testing.T, file string) error { return os.Chmod(file, 0o622) },
		"in a directory for others": func(_ *testing.T, file string) error { return os.Chmod(filepath.Dir(file), 0o777) },
		"a link": func(t *testing.T, file string) error {
			elsewhere := filepath.Join(t.TempDir(), "file")
			if err := os.Rename(file, elsewhere); err != nil {
				return err
			}
			return os.Symlink(elsewhere, file)
		},
		"a directory": func(_ *testing.T, file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Mkdir(file, 0o700)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && (strings.Contains(name, "others") || name == "a link") {
				t.Skip("modes and links are Unix's")
			}
			dir := filepath.Join(t.TempDir(), "records")
			if err := Save(dir, "key", verified); err != nil {
				t.Fatal(err)
			}
			if err := spoil(t, path(dir, "key")); err != nil {
				t.Fatal(err)
			}
			if got := Load(dir, "key"); got != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestSaveWhereItCannot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Save(filepath.Join(file, "records"), "key", verified); err == nil {
		t.Error("a record below a file is saved")
	}
}

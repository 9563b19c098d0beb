package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/magefile/mage/mg"
)

// TestMain is mage too.
func TestMain(m *testing.M) {
	if os.Getenv("LAUNCH_MAGE") != "" {
		os.Exit(Mage())
	}
	os.Exit(m.Run())
}

// TestNoHome: targets run without a home, and leave nothing in the checkout.
func TestNoHome(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module example.com/m\n",
		"magefile.go": "//go:build mage\n\npackage main\n\nimport \"fmt\"\n\nfunc Hello() { fmt.Println(\"hello\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "hello")
	cmd.Dir = dir
	cmd.Env = []string{
		"LAUNCH_MAGE=1", "PATH=" + os.Getenv("PATH"), "GOPATH=" + t.TempDir(), "GOTELEMETRY=off",
		"GOCACHE=" + strings.TrimSpace(string(goCache)), "XDG_CACHE_HOME=" + cache,
	}
	if said, err := cmd.CombinedOutput(); err != nil || string(said) != "hello\n" {
		t.Errorf("%s, %v", said, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the checkout has %v, %v", left, err)
	}
	if kept, err := os.ReadDir(filepath.Join(cache, "mage")); err != nil || len(kept) != 1 {
		t.Errorf("the cache has %v, %v", kept, err)
	}
}

// TestCache: mage's own place where there is one.
func TestCache(t *testing.T) {
	xdg, goCache := t.TempDir(), t.TempDir()
	for _, row := range []struct{ home, mage, xdg, goCache, want string }{
		{"", "", "", goCache, filepath.Join(goCache, "mage")},
		{"", "", xdg, goCache, filepath.Join(xdg, "mage")},
		{"", "mine", xdg, goCache, ""},
		{t.TempDir(), "", xdg, goCache, ""},
		{"", "", "", "", ""},
	} {
		for name, value := range map[string]string{
			"HOME": row.home, "HOMEDRIVE": "", "HOMEPATH": row.home, mg.CacheEnv: row.mage, "XDG_CACHE_HOME": row.xdg, "GOCACHE": row.goCache,
		} {
			t.Setenv(name, value)
		}
		if got := cache(); got != row.want {
			t.Errorf("%+v: %q", row, got)
		}
	}
}

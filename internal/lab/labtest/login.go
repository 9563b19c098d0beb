package labtest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
)

// rootLogin is where podman keeps the logins of root where XDG_RUNTIME_DIR is
// not set. No variable moves it.
const rootLogin = "/run/containers/0/auth.json"

// RootLogin returns the path of the file with root's logins for a test that
// writes it. The test has it alone, and it is gone afterwards. The test ends as
// with [Need] where it does not run as root, or root has logins of its own.
func RootLogin(t testing.TB) (path string) {
	t.Helper()
	NeedRoot(t, "writing "+rootLogin)
	lock := flock.New(filepath.Join(os.TempDir(), "openlock-lab-root-login.lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Lstat(rootLogin); err == nil {
		lacking(t, errors.New(rootLogin+" exists, and is not the test's"))
	}
	t.Cleanup(func() {
		os.Remove(rootLogin)
		os.Remove(filepath.Dir(rootLogin)) // where nothing else is in it
	})
	return rootLogin
}

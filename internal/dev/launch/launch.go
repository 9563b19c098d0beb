// Package launch is mage as this repository runs it.
package launch

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/magefile/mage/mage"
	"github.com/magefile/mage/mg"
)

// Mage runs mage on the program's arguments and returns the exit code.
func Mage() int {
	if dir := cache(); dir != "" {
		os.Setenv(mg.CacheEnv, dir)
	}
	return mage.Main()
}

// cache is where mage has to keep what it compiles; empty: where it does by
// itself. Without a home that is the working directory, and mage does not find
// it there. The go command needs a cache too, so there is a better place.
func cache() string {
	dir := cmp.Or(os.Getenv("XDG_CACHE_HOME"), os.Getenv("GOCACHE"))
	if dir == "" || os.Getenv(mg.CacheEnv) != "" || filepath.IsAbs(mg.CacheDir()) {
		return ""
	}
	return filepath.Join(dir, "mage")
}

//go:build unix

package owned

import (
	"fmt"
	"os"
	"syscall"
)

// Open flags: neither follow a symbolic link, nor wait for the other end of a
// named pipe.
const (
	NoFollow = syscall.O_NOFOLLOW
	NoWait   = syscall.O_NONBLOCK
)

// othersWrite are the permissions of the group and of everybody to write.
const othersWrite = 0o022

// ByUs reports whether a file or directory is ours and no other user may write
// to it.
func ByUs(info os.FileInfo) bool {
	uid, known := owner(info)
	return known && uid == os.Geteuid() && info.Mode().Perm()&othersWrite == 0 && (info.IsDir() || info.Mode().IsRegular())
}

func owner(info os.FileInfo) (uid int, known bool) {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(stat.Uid), true
}

// trusted returns an error that tells who could change a file.
func trusted(path string, info os.FileInfo) error {
	uid, known := owner(info)
	switch mode := info.Mode(); {
	case !known || uid != 0 && uid != os.Geteuid():
		return fmt.Errorf("%s belongs to user %d", path, uid)
	case mode&os.ModeSymlink != 0: // its mode says nothing
	case mode.Perm()&othersWrite != 0 && !(mode.IsDir() && mode&os.ModeSticky != 0):
		return fmt.Errorf("other users can write to %s (mode %04o)", path, mode.Perm())
	}
	return nil
}

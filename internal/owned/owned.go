// Package owned tells whether other users of the machine can change a file.
//
// Owner and mode decide on Unix; on Windows it is left to the access control of
// the user's own directories.
package owned

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// Path follows the symbolic links of a path and returns where it leads. It
// refuses a path that a user other than root and us could lead elsewhere: each
// file, directory and link on the way must belong to root or to us, and no one
// else may write to it. A sticky directory such as /tmp counts as safe, since
// others cannot exchange what is ours there. The error names the culprit.
func Path(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	volume := filepath.VolumeName(absolute)
	at := volume + string(filepath.Separator)
	rest := split(absolute[len(volume):])
	if err := check(at); err != nil {
		return "", err
	}
	for links := 0; len(rest) > 0; {
		if rest[0] == ".." {
			at, rest = filepath.Dir(at), rest[1:]
			continue
		}
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		if err := check(next); err != nil {
			return "", err
		}
		target, err := os.Readlink(next)
		if err != nil { // no link
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: too many symbolic links", path)
		}
		if volume := filepath.VolumeName(target); filepath.IsAbs(target) {
			at, target = volume+string(filepath.Separator), target[len(volume):]
		}
		rest = slices.Concat(split(target), rest)
	}
	return at, nil
}

// split returns the elements of a path, without empty ones and ".".
func split(path string) []string {
	return slices.DeleteFunc(strings.Split(filepath.ToSlash(path), "/"), func(s string) bool { return s == "" || s == "." })
}

func check(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return trusted(path, info)
}

package owned

import "os"

// Open flags, which Windows has not.
const (
	NoFollow = 0
	NoWait   = 0
)

// ByUs reports whether it is a file or a directory.
func ByUs(info os.FileInfo) bool { return info.IsDir() || info.Mode().IsRegular() }

func trusted(string, os.FileInfo) error { return nil }

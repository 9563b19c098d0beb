package record

import (
	"os"
	"strconv"
)

// A mark names the image that was given a name, by its ID. It is a symbolic link
// whose target is the ID: it is read on every start of a sandbox, by one system
// call and without opening a file. Nothing is trusted for it; it tells that the
// name has another image now.

// Mark puts a mark in place of the one before, at once. Dir is made when it is
// missing.
func Mark(dir, key, image string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	link := stem(dir, key) + ".image"
	fresh := link + "." + strconv.Itoa(os.Getpid())
	_ = os.Remove(fresh) // of a process that was killed
	if err := os.Symlink(image, fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, link); err != nil {
		_ = os.Remove(fresh)
		return err
	}
	return nil
}

// Marked returns the image of a mark, or nothing.
func Marked(dir, key string) string {
	if dir == "" {
		return ""
	}
	image, err := os.Readlink(stem(dir, key) + ".image")
	if err != nil {
		return ""
	}
	return image
}

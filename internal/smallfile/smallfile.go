// Package smallfile reads configuration files of other programs. They lie where
// users put them, so a file may be anything: reading it never waits, and never
// fills the memory.
package smallfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// MaxSize is the size of the largest file that is read, in bytes.
const MaxSize = 1 << 20

// Read returns the content of a regular file, or of one that a link leads to.
// A named pipe, a device, a directory and a file of more than [MaxSize] are
// refused, without waiting for a writer. Every error is an [fs.PathError].
func Read(path string) ([]byte, error) {
	b, err := read(path)
	if pathErr := (*fs.PathError)(nil); err != nil && !errors.As(err, &pathErr) {
		err = &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return b, err
}

func read(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("is larger than %d MiB", MaxSize>>20)
	}
	return b, nil
}

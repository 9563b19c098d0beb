// Package containerfile reads Containerfiles.
package containerfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// MaxSize is the largest Containerfile that is read, in bytes.
const MaxSize = 1 << 20

// Read returns a Containerfile's bytes, read once: what is hashed is what is
// built, even if the file changes meanwhile. It must be a regular file, or a
// link to one, of 1 byte to [MaxSize]; a named pipe is refused without waiting
// for a writer. The error names the file and what is wrong with it.
func Read(path string) ([]byte, error) {
	b, err := read(path)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if err != nil {
		return nil, fmt.Errorf("containerfile %q: %w", path, err)
	}
	return b, nil
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
		return nil, errors.New("is a directory; name the file in it")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0:
		return nil, errors.New("is empty")
	case len(b) > MaxSize:
		return nil, fmt.Errorf("is larger than %d MiB", MaxSize>>20)
	}
	return b, nil
}

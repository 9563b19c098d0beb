// Package containerfile reads Containerfiles.
package containerfile

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/vessux/openlock/internal/smallfile"
)

// MaxSize is the largest Containerfile that is read, in bytes.
const MaxSize = smallfile.MaxSize

// Read returns a Containerfile's bytes, read once: what is hashed is what is
// built, even if the file changes meanwhile. It must be a regular file, or a
// link to one, of 1 byte to [MaxSize]; a named pipe is refused without waiting
// for a writer. The error names the file and what is wrong with it.
func Read(path string) ([]byte, error) {
	b, err := smallfile.Read(path)
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if err == nil && len(b) == 0 {
		err = errors.New("is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("containerfile %q: %w", path, err)
	}
	return b, nil
}

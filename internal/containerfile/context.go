package containerfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Context is a private directory to build from. It holds a Containerfile's
// bytes and nothing else, so that these bytes are what is built; beside it is
// a place for what the builder reports. Remove it after use.
type Context struct {
	Dir    string // the build's context
	File   string // the Containerfile
	Report string // a file that is not there yet, outside of Dir
	root   string
}

// NewContext writes a context. The error names what could not be written.
func NewContext(b []byte) (*Context, error) {
	root, err := os.MkdirTemp("", "openlock-build-")
	if err != nil {
		return nil, fmt.Errorf("directory for the build: %w", err)
	}
	dir := filepath.Join(root, "context")
	c := &Context{Dir: dir, File: filepath.Join(dir, "Containerfile"), Report: filepath.Join(root, "report"), root: root}
	err = os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.WriteFile(c.File, b, 0o600)
	}
	if err != nil {
		c.Remove()
		return nil, fmt.Errorf("directory for the build: %w", err)
	}
	return c, nil
}

// Path returns the path of a further file or directory, outside of Dir.
func (c *Context) Path(name string) string { return filepath.Join(c.root, name) }

// Remove removes all of it.
func (c *Context) Remove() { os.RemoveAll(c.root) }

package cli

import (
	"cmp"
	"path"

	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
)

// Project is the image that a command is about where no setting names another,
// and what belongs to the project that it is of. An empty Containerfile or
// Repository is openlock's own.
type Project struct {
	Containerfile string // path, from the working directory
	Repository    string // host[:port]/path
	// Name is the project's in messages; default: the end of Repository.
	Name string
	// EnvPrefix begins the names of the project's environment variables, such
	// as TOOL_ for TOOL_BASE_REPOSITORY and TOOL_RUNTIME; empty: it has none.
	EnvPrefix string
	// ConfigDir is the directory of the project's config.toml, in the user's
	// configuration directory; empty: it has none.
	ConfigDir string
}

// Program is openlock only where the image is openlock's too.
func (p Project) Program() Program {
	if p == (Project{}) {
		return Openlock
	}
	name := cmp.Or(p.Name, path.Base(cmp.Or(p.Repository, base.Repository)))
	return Program{Name: name, EnvPrefix: p.EnvPrefix, ConfigDir: p.ConfigDir}
}

// image is the project's, by what own, openlock's, has beside.
func (p Project) image(own sandbox.Base) (sandbox.Base, error) {
	b := own
	if p.Repository != "" {
		b.Repository, b.Digest, b.Early = p.Repository, "", nil
	}
	if p.Containerfile == "" {
		return b, nil
	}
	var err error
	b.Digest = ""
	b.Containerfile, err = containerfile.Read(p.Containerfile)
	return b, err
}

// Package login tells which logins an engine has stored for a repository, in
// the order in which the engine itself looks for them.
//
// For podman and buildah these are the places of containers-auth.json(5), as
// the package pkg/docker/config of go.podman.io/image reads them, and podman's
// default for --authfile. For docker's program and buildx they are those of
// docker's configuration file (docs.docker.com, "docker login", "Credential
// stores"), as the package cli/config of github.com/docker/cli reads it.
//
// What cannot be used is a warning and never a failure: most base images are
// public. Files are small and regular, and a credential helper has two seconds.
// Nothing is read before Find is called.
package login

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vessux/openlock/internal/sanitize"
)

// Engine is whose logins are looked for.
type Engine int

const (
	Podman    Engine = iota // podman since 4.4, and buildah of its age
	OldPodman               // until 4.3: a file that a variable names is not the only one
	Docker                  // docker's program since 28.3, and buildx of its age
	OldDocker               // before: it does not read DOCKER_AUTH_CONFIG
)

// Login is a stored login. [Login.String] does not show its secrets.
type Login struct {
	Username, Secret string
	IdentityToken    string // is exchanged for tokens, by OAuth 2
	RegistryToken    string // is sent to the registry as it is
	Source           string // the file, or "helper NAME of FILE"; fit to print
	Key              string // under which it is stored, such as a host; fit to print
}

// String names the place of the login.
func (l Login) String() string { return fmt.Sprintf("login for %s of %s", l.Key, l.Source) }

// GoString is [Login.String].
func (l Login) GoString() string { return l.String() }

// Finder looks for the logins of an engine. A helper that has hung is not
// asked again. A Finder may be used by several goroutines.
type Finder struct {
	Machine Machine
	Engine  Engine
	// CredentialHelpers are those of podman's registries.conf. Empty: its
	// files alone, as with the one name "containers-auth.json".
	CredentialHelpers []string

	mu   sync.Mutex
	hung map[string]bool
}

// Find returns the logins for a repository, host[:port]/path. The first is the
// one that the engine uses. Those that follow are stored for the repository as
// well; the engine passes over them. The warnings name what could not be used.
func (f *Finder) Find(ctx context.Context, repository string) (logins []Login, warnings []string) {
	host, _, _ := strings.Cut(repository, "/")
	s := &search{Finder: f, ctx: ctx, host: host, repository: repository}
	if f.Engine == Docker || f.Engine == OldDocker {
		s.docker()
	} else {
		s.podman()
	}
	return s.found, s.warnings
}

// search is one call of Find.
type search struct {
	*Finder
	ctx              context.Context
	host, repository string
	found            []Login
	warnings         []string
}

// add adds a login that is not empty, unless it is known.
func (s *search) add(l Login) {
	bare := func(l Login) Login { l.Source, l.Key = "", ""; return l }
	known := slices.ContainsFunc(s.found, func(k Login) bool { return bare(k) == bare(l) })
	if bare(l) != (Login{}) && !known {
		l.Source, l.Key = sanitize.Line(l.Source), sanitize.Line(l.Key)
		s.found = append(s.found, l)
	}
}

func (s *search) warn(format string, args ...any) {
	s.warnings = append(s.warnings, sanitize.Line(fmt.Sprintf(format, args...)))
}

// below returns path below the first of the directories that is set, or "".
func below(path string, dirs ...string) string {
	if dir := cmp.Or(dirs...); dir != "" {
		return filepath.Join(dir, path)
	}
	return ""
}

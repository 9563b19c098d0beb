package registriesconf

import (
	"fmt"
	"strings"
)

// Place is where podman looks for a repository.
type Place struct {
	// Repository is host[:port]/path. Its own host and path select the login
	// and the certificates that podman uses, not those of the repository that
	// was to be found.
	Repository string
	// Insecure accepts any certificate, and plain HTTP where HTTPS fails.
	Insecure bool
	// Mirror tells that the place is a mirror of the repository's location.
	Mirror bool
	// File is the file that the place is from; empty: no file names it.
	File string
}

// BlockedError tells that podman may not fetch a repository. No remedy: a user
// of the machine has blocked it, and the error names the file.
type BlockedError struct {
	Prefix string // of the entry that blocks it
	File   string // that has the entry
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("registry %s is blocked in %s", e.Prefix, e.File)
}

// Places lists where podman looks for a repository, host[:port]/path, in its
// order: mirrors, then its location. It goes on to the next place on every
// failure, an image that is absent there included. Some mirrors serve only
// pulls by digest, or only those by tag.
//
// A place that is blocked is left out. Podman does not apply the word to the
// repository that it is to pull, but to each place: mirrors of a blocked
// registry serve, unless they are blocked too. Where no place remains, the
// error is a [*BlockedError].
func (c *Config) Places(repository string, byDigest bool) ([]Place, error) {
	repository = canonical(repository)
	r := c.find(repository)
	if r == nil {
		return []Place{{Repository: repository}}, nil
	}
	var all []Place
	for _, m := range r.Mirrors {
		if m.serves(byDigest) && (byDigest || !r.MirrorByDigestOnly) {
			all = append(all, Place{Repository: m.Location, Insecure: m.Insecure, Mirror: true, File: r.file})
		}
	}
	all = append(all, Place{Repository: r.Location, Insecure: r.Insecure, File: r.file})

	var open []Place
	var blocked error
	for _, p := range all {
		if p.Repository += repository[matched(repository, r.Prefix):]; r.Location == "" && !p.Mirror {
			p.Repository = repository
		}
		if !complete(p.Repository) {
			return nil, fmt.Errorf("%s: prefix %q turns %s into %q, which is no host/path", r.file, r.Prefix, repository, p.Repository)
		}
		if b := c.find(p.Repository); b != nil && b.Blocked {
			blocked = &BlockedError{Prefix: b.Prefix, File: b.file}
			continue
		}
		open = append(open, p)
	}
	if len(open) == 0 {
		return nil, blocked
	}
	return open, nil
}

func (m mirror) serves(byDigest bool) bool {
	switch m.PullFromMirror {
	case digestOnly:
		return byDigest
	case tagOnly:
		return !byDigest
	}
	return true
}

// find returns the entry with the longest prefix, or nil.
func (c *Config) find(repository string) *registry {
	var found *registry
	for i, r := range c.registries {
		if matched(repository, r.Prefix) >= 0 && (found == nil || len(r.Prefix) > len(found.Prefix)) {
			found = &c.registries[i]
		}
	}
	return found
}

// matched returns how much of a repository a prefix matches, or -1. As in
// podman, a host matches itself with a port too.
func matched(repository, prefix string) int {
	end := len(prefix)
	if domain, ok := strings.CutPrefix(prefix, "*"); ok && strings.HasPrefix(domain, ".") {
		i := strings.Index(repository, domain)
		if i < 0 || strings.Contains(repository[:i], "/") {
			return -1
		}
		end = i + len(domain)
	} else if !strings.HasPrefix(repository, prefix) {
		return -1
	}
	if end < len(repository) && repository[end] != ':' && repository[end] != '/' {
		return -1
	}
	return end
}

// canonical completes the names of Docker Hub as podman does.
func canonical(repository string) string {
	if rest, ok := strings.CutPrefix(repository, "index.docker.io/"); ok {
		repository = "docker.io/" + rest
	}
	if path, ok := strings.CutPrefix(repository, "docker.io/"); ok && !strings.Contains(path, "/") {
		repository = "docker.io/library/" + path
	}
	return repository
}

// complete reports whether podman takes a rewritten name as it is.
func complete(repository string) bool {
	host, _, ok := split(repository)
	return ok && isHost(host) && canonical(repository) == repository
}

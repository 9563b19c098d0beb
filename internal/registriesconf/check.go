package registriesconf

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// check normalizes an entry.
func (r *registry) check() (err error) {
	if r.Location, err = location(r.Location); err != nil {
		return err
	}
	if r.Prefix, err = location(r.Prefix); err != nil {
		return err
	}
	if r.Prefix == "" {
		r.Prefix = r.Location
	}
	wildcard := strings.HasPrefix(r.Prefix, "*.")
	switch {
	case r.Prefix == "":
		return errors.New("a registry has neither location nor prefix")
	case r.Location == "" && !wildcard:
		return fmt.Errorf("registry %q has no location", r.Prefix)
	case wildcard && strings.ContainsAny(r.Prefix, "/@:"):
		return fmt.Errorf("prefix %q is not of the form *.example.com", r.Prefix)
	case r.PullFromMirror != "":
		return fmt.Errorf("pull-from-mirror of registry %q belongs to a mirror", r.Location)
	}
	for i := range r.Mirrors {
		if err := r.Mirrors[i].check(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *mirror) check(r *registry) (err error) {
	if m.Location, err = location(m.Location); err != nil {
		return err
	}
	switch {
	case m.Location == "":
		return fmt.Errorf("a mirror of registry %q has no location", r.Prefix)
	case m.PullFromMirror != "" && r.MirrorByDigestOnly:
		return fmt.Errorf("registry %q has mirror-by-digest-only and its mirror %q pull-from-mirror; only one is allowed", r.Prefix, m.Location)
	}
	switch m.PullFromMirror {
	case "", pullAll, digestOnly, tagOnly:
		return nil
	}
	return fmt.Errorf("mirror %q has pull-from-mirror %q, which podman does not know", m.Location, m.PullFromMirror)
}

// location normalizes a location or prefix.
func location(s string) (string, error) {
	trimmed := strings.TrimRight(s, "/")
	if strings.HasPrefix(trimmed, "http://") || strings.HasPrefix(trimmed, "https://") {
		return "", fmt.Errorf("location %q is a URL; want host/path without the scheme", s)
	}
	return trimmed, nil
}

func (f *file) checkMode() error {
	switch f.ShortNameMode {
	case "", "disabled", "enforcing", "permissive":
		return nil
	}
	return fmt.Errorf("short-name-mode %q is unknown", f.ShortNameMode)
}

// checkNames checks what only names without a host depend on: podman reads
// nothing from a file in which it is wrong.
func (f *file) checkNames() error {
	for _, host := range f.Search {
		host, err := location(host)
		if err != nil {
			return err
		}
		if _, path, ok := split(host + "/x"); !ok || path != "x" {
			return fmt.Errorf("unqualified-search-registries has %q, which is no host", host)
		}
	}
	for short, full := range f.Aliases {
		if host, _, ok := split(short); !ok || isHost(host) {
			return fmt.Errorf("alias %q is no name without host, tag and digest", short)
		}
		if host, _, ok := split(full); full != "" && (!ok || !isHost(host)) {
			return fmt.Errorf("alias %q stands for %q, which is no host/path without tag and digest", short, full)
		}
	}
	return nil
}

// nameGrammar is podman's: an optional host, and a path. It has no addresses of
// IPv6.
var nameGrammar = sync.OnceValue(func() *regexp.Regexp {
	const (
		label = `(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
		host  = label + `(?:\.` + label + `)*(?::[0-9]+)?`
		part  = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
	)
	return regexp.MustCompile(`^(?:(` + host + `)/)?(` + part + `(?:/` + part + `)*)$`)
})

// split splits a name into a host, or what stands in its place, and a path.
func split(name string) (host, path string, ok bool) {
	m := nameGrammar().FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// isHost reports whether the first part of a name is a host to engines.
func isHost(s string) bool { return strings.ContainsAny(s, ".:") || s == "localhost" }

package registriesconf

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/vessux/openlock/internal/sanitize"
)

// file is a file in version 2 of the format, and the tables of version 1,
// [registries.search] and its like.
type file struct {
	Registries        []registry        `toml:"registry"`
	Search            []string          `toml:"unqualified-search-registries"`
	CredentialHelpers []string          `toml:"credential-helpers"`
	ShortNameMode     string            `toml:"short-name-mode"`
	Aliases           map[string]string `toml:"aliases"`
	V1                struct {
		Search, Insecure, Block struct {
			Registries []string `toml:"registries"`
		}
	} `toml:"registries"`
}

type registry struct {
	Prefix             string   `toml:"prefix"`
	Location           string   `toml:"location"`
	Insecure           bool     `toml:"insecure"`
	Blocked            bool     `toml:"blocked"`
	MirrorByDigestOnly bool     `toml:"mirror-by-digest-only"`
	PullFromMirror     string   `toml:"pull-from-mirror"` // forbidden here
	Mirrors            []mirror `toml:"mirror"`

	file string
}

type mirror struct {
	Location       string `toml:"location"`
	Insecure       bool   `toml:"insecure"`
	PullFromMirror string `toml:"pull-from-mirror"`
}

// Values of pull-from-mirror.
const (
	pullAll    = "all"
	digestOnly = "digest-only"
	tagOnly    = "tag-only"
)

// parse reads a file and checks it as podman does. Unknown keys are ignored.
func parse(b []byte, dropIn bool) (*file, error) {
	var f file
	if err := toml.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), &f); err != nil {
		if at := (*toml.DecodeError)(nil); errors.As(err, &at) {
			line, _ := at.Position()
			return nil, fmt.Errorf("line %d: %s", line, sanitize.Line(at.Error()))
		}
		return nil, err
	}
	if err := f.convertV1(dropIn); err != nil {
		return nil, err
	}
	for i := range f.Registries {
		if err := f.Registries[i].check(); err != nil {
			return nil, err
		}
	}
	if err := f.checkConflicts(); err != nil {
		return nil, err
	}
	return &f, errors.Join(f.checkNames(), f.checkMode())
}

// convertV1 turns version 1 into version 2. Drop-ins must be in version 2.
func (f *file) convertV1(dropIn bool) error {
	v1 := f.V1
	switch {
	case v1.Search.Registries == nil && v1.Insecure.Registries == nil && v1.Block.Registries == nil:
		return nil
	case dropIn:
		return errors.New("is in version 1 of the format; a drop-in must be in version 2")
	case f.Registries != nil || f.Search != nil || f.CredentialHelpers != nil || f.ShortNameMode != "" || f.Aliases != nil:
		return errors.New("mixes versions 1 and 2 of the format")
	}
	f.Search = v1.Search.Registries
	add := func(location string) *registry {
		location = strings.TrimRight(location, "/")
		i := slices.IndexFunc(f.Registries, func(r registry) bool { return r.Location == location })
		if i < 0 {
			f.Registries, i = append(f.Registries, registry{Location: location}), len(f.Registries)
		}
		return &f.Registries[i]
	}
	for _, location := range v1.Block.Registries {
		add(location).Blocked = true
	}
	for _, location := range v1.Insecure.Registries {
		add(location).Insecure = true
	}
	return nil
}

// checkConflicts refuses two entries of one location that disagree, and drops
// all but the first of one prefix.
func (f *file) checkConflicts() error {
	byLocation, prefixes := map[string]registry{}, map[string]bool{}
	for _, r := range f.Registries {
		location := r.Location
		if location == "" {
			location = r.Prefix
		}
		first, ok := byLocation[location]
		if !ok {
			byLocation[location] = r
			continue
		}
		if first.Insecure != r.Insecure {
			return fmt.Errorf("registry %q is defined several times with conflicting %q", location, "insecure")
		}
		if first.Blocked != r.Blocked {
			return fmt.Errorf("registry %q is defined several times with conflicting %q", location, "blocked")
		}
	}
	f.Registries = slices.DeleteFunc(f.Registries, func(r registry) bool {
		again := prefixes[r.Prefix]
		prefixes[r.Prefix] = true
		return again
	})
	return nil
}

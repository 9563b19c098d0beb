package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2"

	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/internal/userdir"
)

// config is config.toml in the program's directory of configuration.
type config struct {
	path   string
	values map[string]string // by key
}

// readConfig reads the configuration file, if there is one. A key that is not
// known is an error: it is most often a slip, and would silently do nothing.
func (p Program) readConfig() (config, error) {
	if p.ConfigDir == "" {
		return config{}, nil
	}
	dir, err := userdir.Config(p.ConfigDir)
	if err != nil {
		return config{}, nil // no home, so no configuration
	}
	c := config{path: filepath.Join(dir, "config.toml"), values: map[string]string{}}
	b, err := smallfile.Read(c.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	var values map[string]any
	if err := toml.Unmarshal(b, &values); err != nil {
		place := c.path
		if at := new(toml.DecodeError); errors.As(err, &at) {
			line, column := at.Position()
			place = fmt.Sprintf("%s, line %d, column %d", place, line, column)
		}
		return c, fmt.Errorf("configuration %s: %w", place, err)
	}
	known := configKeys()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			return c, &UsageError{
				Err:    fmt.Errorf("configuration %s: unknown key %q", c.path, name),
				Remedy: "the keys are " + enumerate(known, "and"),
			}
		}
		text, ok := keyed(name).text(values[name])
		if !ok {
			return c, fmt.Errorf("configuration %s: %s is not a string in quotes", c.path, name)
		}
		c.values[name] = text
	}
	return c, nil
}

// keyed returns the setting of a key.
func keyed(key string) *setting {
	return &table[slices.IndexFunc(table, func(r setting) bool { return r.key == key })]
}

// text is a value of the file as a flag would have it: a string, or a list of
// strings where the flag may be repeated.
func (r *setting) text(value any) (string, bool) {
	all, isList := value.([]any)
	if !isList || !r.list {
		text, ok := value.(string)
		return text, ok
	}
	texts := make([]string, len(all))
	for i, one := range all {
		text, ok := one.(string)
		if !ok {
			return "", false
		}
		texts[i] = text
	}
	return strings.Join(texts, ","), true
}

// configKeys lists the keys of the configuration file.
func configKeys() []string {
	var all []string
	for _, r := range table {
		if r.key != "" {
			all = append(all, r.key)
		}
	}
	return all
}

// enumerate lists words as a sentence does: a, b or c.
func enumerate(words []string, last string) string {
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

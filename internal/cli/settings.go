package cli

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// Flags are the settings of the command line, by the names of the table; nil
// where a flag was not given. An empty value that was given is not the same: it
// is an error, since it is most often a shell variable that was never set.
type Flags map[string]*string

// Settings is what the flags, the environment, the configuration file and the
// defaults come to; the first of these that names a value wins.
type Settings struct {
	Base        sandbox.Base
	Runtime     string
	Platforms   []string // that must be published; nil: all
	Pull, Build sandbox.Policy
	Registry    registry.Options
	Builder     string // name of a buildx builder; empty: the one in use
	Legs        string // platform=digest, separated by commas or spaces
	Force       string // digest of the index to replace
	Sign        string // what signs
	Digest      string // that the tag must name to be signed

	file                                                  string // path of the Containerfile; empty: the default one
	platform                                              string
	pullTimeout, buildTimeout, waitTimeout, verifyTimeout time.Duration
	verify                                                value // a policy's text; not set: none
}

// resolve reads and checks every setting, so that bad input ends a command
// before anything is touched. Every error is a *UsageError.
func (f Flags) resolve(p Program, base sandbox.Base) (Settings, error) {
	s, err := f.read(p, base)
	if err != nil {
		var usage *UsageError
		if !errors.As(err, &usage) {
			err = &UsageError{Err: err} // no remedy: the error names the setting and what is wanted
		}
		return Settings{}, err
	}
	return s, nil
}

func (f Flags) read(p Program, base sandbox.Base) (Settings, error) {
	s := Settings{Base: base}
	if err := f.check(); err != nil {
		return s, err
	}
	c, err := p.readConfig()
	if err != nil {
		return s, err
	}
	for i := range table {
		r := &table[i]
		v := p.pick(r, f[r.name()], c)
		if v.text == "" {
			if !v.set {
				continue
			}
			return s, r.empty(v)
		}
		if err := r.apply(&s, v); err != nil {
			return s, err
		}
	}
	if s.Pull == sandbox.PolicyAlways && s.Build == sandbox.PolicyAlways {
		return s, &UsageError{Err: errors.New("--pull always and --build always contradict each other"), Remedy: "choose one of the two"}
	}
	return s, nil
}

// empty is the error for an empty value that was given.
func (r *setting) empty(v value) error {
	name := v.from
	if v.dir != "" {
		name += ": " + r.key
	}
	return &UsageError{Err: fmt.Errorf("%s: the value is empty", name), Remedy: "leave it out for the default"}
}

// check refuses names that are not in the table: they would do nothing.
func (f Flags) check() error {
	for name := range f {
		if row(name) == nil {
			return fmt.Errorf("no setting is named %q", name)
		}
	}
	return nil
}

// value is a setting and where it comes from.
type value struct {
	text string
	from string // for messages
	flag bool   // it comes from the command line
	dir  string // of the configuration file, where it comes from that
	set  bool   // it is not the default
}

// pick returns the first of flag, environment, configuration file and default
// that names a value. An empty environment variable names none, as usual.
func (p Program) pick(r *setting, flag *string, c config) value {
	inFile, found := c.values[r.key]
	env := ""
	if r.env != "" {
		env = p.Env(r.env)
	}
	switch {
	case flag != nil:
		return value{text: *flag, from: "--" + r.flag, flag: true, set: true}
	case env != "":
		return value{text: env, from: p.Variable(r.env), set: true}
	case found:
		return value{text: inFile, from: c.path, dir: filepath.Dir(c.path), set: true}
	}
	return value{text: r.preset()}
}

// apply checks a value and stores it.
func (r *setting) apply(s *Settings, v value) error {
	if err := r.among(v); err != nil {
		return v.wrap(err)
	}
	if err := r.set(s, v); err != nil {
		return v.wrap(err)
	}
	return nil
}

// among checks a value where there are only some.
func (r *setting) among(v value) error {
	for _, known := range r.values {
		if v.text == known {
			return nil
		}
	}
	if len(r.values) == 0 {
		return nil
	}
	return v.want(enumerate(r.values, "or"))
}

// want is the error for a value that is not of the setting's kind. [value.wrap]
// names where it comes from, but for a flag.
func (v value) want(kind string) error {
	if v.flag {
		return fmt.Errorf("%s %q: want %s", v.from, v.text, kind)
	}
	return fmt.Errorf("%q: want %s", v.text, kind)
}

// path is where a file is that the setting names. Those of the configuration
// file are beside it: the working directory may be that of somebody who has put
// a key of that name there.
func (v value) path(name string) string {
	if v.dir != "" && !filepath.IsAbs(name) {
		return filepath.Join(v.dir, name)
	}
	return name
}

// wrap names where a bad value comes from, unless the user has just typed it.
func (v value) wrap(err error) error {
	if v.flag {
		return err
	}
	return fmt.Errorf("%s: %w", v.from, err)
}

func text(to func(*Settings) *string) func(*Settings, value) error {
	return func(s *Settings, v value) error {
		*to(s) = v.text
		return nil
	}
}

func policy(to func(*Settings) *sandbox.Policy) func(*Settings, value) error {
	return func(s *Settings, v value) (err error) {
		*to(s), err = sandbox.ParsePolicy(v.text)
		return err
	}
}

func duration(to func(*Settings) *time.Duration) func(*Settings, value) error {
	return func(s *Settings, v value) error {
		d, err := time.ParseDuration(v.text)
		if err != nil || d <= 0 {
			return v.want("a time such as 500ms, 2s or 1m")
		}
		*to(s) = d
		return nil
	}
}

func digest(to func(*Settings) *string) func(*Settings, value) error {
	return func(s *Settings, v value) error {
		if hex, ok := strings.CutPrefix(v.text, "sha256:"); !ok || !tag.IsIdentity(hex) {
			return &UsageError{
				Err:    fmt.Errorf("%s %q is not a digest, sha256:<64 hex digits>", v.from, v.text),
				Remedy: "`exists` with JSON shows the digest",
			}
		}
		*to(s) = v.text
		return nil
	}
}

func setRepository(s *Settings, v value) error {
	s.Base.Repository = v.text
	return tag.CheckRepository(v.text)
}

func setContainerfile(s *Settings, v value) error {
	path := v.path(v.text)
	b, err := containerfile.Read(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, s.Base.Containerfile) {
		s.Base.Digest = "" // it is that of the other file
	}
	s.Base.Containerfile, s.file = b, path
	return nil
}

func setVerify(s *Settings, v value) error {
	s.verify = v
	return nil
}

func setPlatform(s *Settings, v value) (err error) {
	s.platform, err = platform.Normalize(v.text)
	return err
}

func setPlatforms(s *Settings, v value) error {
	for _, name := range strings.Split(v.text, ",") {
		n, err := platform.Normalize(name)
		if err != nil {
			return err
		}
		s.Platforms = append(s.Platforms, n)
	}
	return nil
}

func setBuilder(s *Settings, v value) error {
	if strings.HasPrefix(v.text, "-") {
		return &UsageError{Err: fmt.Errorf("%q is not the name of a builder", v.text), Remedy: "see `docker buildx ls`"}
	}
	s.Builder = v.text
	return nil
}

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/vessux/openlock/internal/containerfile"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/userdir"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
)

// Flags are the settings of the command line; nil where a flag was not given.
// An empty value that was given is not the same: it is an error, since it is
// most often a shell variable that was never set.
type Flags struct {
	Repository     *string
	Containerfile  *string // path
	Runtime        *string // auto, podman or docker
	Platform       *string // os/arch[/variant]
	ConnectTimeout *string // Go duration, such as 2s
	HeaderTimeout  *string // Go duration
	ProbeTimeout   *string // Go duration
	PullTimeout    *string // Go duration
	BuildTimeout   *string // Go duration
	Verify         *string // a policy, see [signature.Parse], or off
	VerifyTimeout  *string // Go duration
}

// file is config.toml in the program's directory of configuration.
type file struct {
	Repository    *string `toml:"repository"`
	Containerfile *string `toml:"containerfile"`
	Runtime       *string `toml:"runtime"`
	Verify        *string `toml:"verify"`
}

// Settings is what the flags, the environment, the configuration file and the
// defaults come to; the first of these that names a value wins.
type Settings struct {
	Base     sandbox.Base
	Runtime  string
	platform string
	Registry registry.Options
	pull     time.Duration // limit on an engine's pull; 0: the default
	build    time.Duration // limit on an engine's build
	verify   value         // a policy's text; not set: none
	verified time.Duration // limit on a verification
}

// resolve reads and checks every setting, so that bad input ends a command
// before anything is touched. Every error is a *UsageError.
func (f Flags) resolve(p Program, base sandbox.Base) (Settings, error) {
	s, err := f.read(p, base)
	if err != nil {
		var usage *UsageError
		if !errors.As(err, &usage) {
			err = &UsageError{Err: err}
		}
		return Settings{}, err
	}
	return s, nil
}

func (f Flags) read(p Program, base sandbox.Base) (Settings, error) {
	c, path, err := p.readFile()
	if err != nil {
		return Settings{}, err
	}
	s := Settings{Base: base}
	if v := p.pick(f.Containerfile, "BASE_CONTAINERFILE", c.Containerfile, path); v.set {
		if s.Base.Containerfile, err = containerfile.Read(v.text); err != nil {
			return s, v.wrap(err)
		}
		if !bytes.Equal(s.Base.Containerfile, base.Containerfile) {
			s.Base.Digest = "" // it is that of the other file
		}
	}
	if v := p.pick(f.Repository, "BASE_REPOSITORY", c.Repository, path); v.set {
		s.Base.Repository = v.text
		if err := tag.CheckRepository(v.text); err != nil {
			return s, v.wrap(err)
		}
	}
	s.Runtime = engine.Auto
	if v := p.pick(f.Runtime, "RUNTIME", c.Runtime, path); v.set {
		s.Runtime = v.text
		if err := engine.CheckRuntime(v.text); err != nil {
			return s, v.wrap(err)
		}
	}
	s.verify = p.pick(f.Verify, "VERIFY", c.Verify, path)
	s.platform = sandbox.HostPlatform()
	if v := p.pick(f.Platform, "PLATFORM", nil, ""); v.set {
		if s.platform, err = platform.Normalize(v.text); err != nil {
			return s, v.wrap(err)
		}
	}
	for _, t := range []struct {
		flag    *string
		setting string
		to      *time.Duration
	}{
		{f.ConnectTimeout, "CONNECT_TIMEOUT", &s.Registry.ConnectTimeout},
		{f.HeaderTimeout, "HEADER_TIMEOUT", &s.Registry.HeaderTimeout},
		{f.ProbeTimeout, "PROBE_TIMEOUT", &s.Registry.Timeout},
		{f.PullTimeout, "PULL_TIMEOUT", &s.pull},
		{f.BuildTimeout, "BUILD_TIMEOUT", &s.build},
		{f.VerifyTimeout, "VERIFY_TIMEOUT", &s.verified},
	} {
		if v := p.pick(t.flag, t.setting, nil, ""); v.set {
			if *t.to, err = time.ParseDuration(v.text); err != nil || *t.to <= 0 {
				return s, v.wrap(fmt.Errorf("timeout %q is not a time such as 500ms, 2s or 1m", v.text))
			}
		}
	}
	return s, nil
}

// value is a setting and where it comes from.
type value struct {
	text string
	from string // for messages; empty for a flag, which the user sees anyway
	dir  string // of the configuration file, where it comes from that
	set  bool
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

func (v value) wrap(err error) error {
	if v.from == "" {
		return err
	}
	return fmt.Errorf("%s: %w", v.from, err)
}

// pick returns the first of flag, environment and configuration file that
// names a value. An empty environment variable names none, as usual.
func (p Program) pick(flag *string, setting string, inFile *string, path string) value {
	switch e := p.Env(setting); {
	case flag != nil:
		return value{text: *flag, set: true}
	case e != "":
		return value{text: e, from: p.Variable(setting), set: true}
	case inFile != nil:
		return value{text: *inFile, from: path, dir: filepath.Dir(path), set: true}
	}
	return value{}
}

// readFile reads the configuration file, if there is one. A key that is not
// known is an error: it is most often a slip, and would silently do nothing.
func (p Program) readFile() (file, string, error) {
	if p.ConfigDir == "" {
		return file{}, "", nil
	}
	dir, err := userdir.Config(p.ConfigDir)
	if err != nil {
		return file{}, "", nil // no home, so no configuration
	}
	path := filepath.Join(dir, "config.toml")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return file{}, path, nil
	}
	if err != nil {
		return file{}, path, fmt.Errorf("configuration: %w", err)
	}
	var c file
	meta, err := toml.Decode(string(b), &c)
	if err != nil {
		return file{}, path, fmt.Errorf("configuration %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return file{}, path, &UsageError{
			Err:    fmt.Errorf("configuration %s: unknown key %q", path, unknown[0]),
			Remedy: "the keys are repository, containerfile, runtime and verify",
		}
	}
	return c, path, nil
}

// verifyOff is the policy that wants no signature, whatever else is set.
const verifyOff = "off"

// Verifier returns what the settings want published images verified by; nil:
// nothing. Whoever asks for it is about to need it, and the files it names.
func (s Settings) Verifier() (sandbox.Verifier, error) {
	if !s.verify.set || s.verify.text == verifyOff {
		return nil, nil
	}
	p, err := signature.Parse(s.verify.text, func(path string) ([]byte, error) {
		return readSmall(s.verify.path(path))
	})
	if err != nil {
		return nil, &UsageError{
			Err:    fmt.Errorf("verify: %w", s.verify.wrap(err)),
			Remedy: "for example --verify key=cosign.pub, or --verify certificate-identity=WHO,certificate-oidc-issuer=URL; --verify off wants none",
		}
	}
	return &signature.Verifier{Policy: p, Timeout: s.verified, Registry: s.Registry}, nil
}

// maxSmall is the largest key or trusted root that is read, in bytes.
const maxSmall = 1 << 20

// readSmall reads a file that a setting names.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxSmall:
		return nil, fmt.Errorf("%s is not a file of at most %d MiB", path, maxSmall>>20)
	}
	return os.ReadFile(path)
}

// lockDir is where the locks are, the same for every program: two of them that
// want the same image in the same store have to wait for each other.
func lockDir() (string, error) {
	dir, err := userdir.Locks()
	if err != nil {
		return "", &UsageError{Err: err, Remedy: "set HOME, or XDG_CACHE_HOME to a directory that is yours"}
	}
	return dir, nil
}

package cli

import "os"

// Program is the program that a command belongs to: its name in messages, and
// where its settings come from. A project that imports the Mage targets is a
// program of its own: openlock's settings never apply to it.
type Program struct {
	Name      string // in messages, in a job's summary and in annotations
	EnvPrefix string // of environment variables, such as OPENLOCK_; empty: none is read
	ConfigDir string // with config.toml, in the user's configuration directory; empty: no file is read
}

// Openlock is the host binary, and the targets in openlock's own checkout.
var Openlock = Program{Name: "openlock", EnvPrefix: "OPENLOCK_", ConfigDir: "openlock"}

// Variable is the environment variable of a setting; empty: it has none.
func (p Program) Variable(setting string) string {
	if p.EnvPrefix == "" {
		return ""
	}
	return p.EnvPrefix + setting
}

// Env returns the value of a setting in the environment; empty: it has none.
func (p Program) Env(setting string) string {
	if name := p.Variable(setting); name != "" {
		return os.Getenv(name)
	}
	return ""
}

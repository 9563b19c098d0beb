package cli

import (
	"context"
	"runtime/debug"

	"github.com/vessux/openlock/sandbox/base"
)

func versionVerb(a *App) verb {
	return verb{
		use: "version", short: "Print the version, the commit and the embedded tag",
		run:     func(context.Context) error { return a.Version() },
		instant: true,
	}
}

// VersionJSON is the JSON of version.
type VersionJSON struct {
	Version string `json:"version"` // of the module; "(devel)" when built from a checkout
	Commit  string `json:"commit"`  // 40 hex digits, with "-dirty" when the checkout was changed; empty when not known
	Tag     string `json:"tag"`     // of the embedded Containerfile
	Ref     string `json:"ref"`     // of the embedded Containerfile in the default repository
	Digest  string `json:"digest"`  // of its published index, that this release pulls; empty: whatever the tag names
}

// Version prints what program this is, and which image it looks for by
// default. It reads no settings, so that it always works.
func (a *App) Version() error {
	ref, err := base.Default().Ref()
	if err != nil {
		return err
	}
	v := VersionJSON{Version: "(devel)", Tag: ref.Tag, Ref: ref.String(), Digest: base.Default().Digest}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.build(info)
	}
	return a.Print(v.String(), v)
}

// build takes the version and the commit from what the go command wrote into
// the program.
func (v *VersionJSON) build(info *debug.BuildInfo) {
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if v.Commit != "" {
		v.Commit += dirty
	}
}

// String is the version as people read it, in two lines.
func (v *VersionJSON) String() string {
	text := "openlock " + v.Version
	if v.Commit != "" {
		text += " (" + v.Commit + ")"
	}
	text += "\nbase image " + v.Ref
	if v.Digest != "" {
		text += "@" + v.Digest
	}
	return text
}

package cli

import (
	"context"
	"errors"

	"github.com/spf13/pflag"
)

func tagVerb(a *App) verb {
	var short, full bool
	return verb{
		use: "tag", short: "Print the ref of the base image",
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&short, "short", false, "print the tag only, 12 hex digits")
			f.BoolVar(&full, "full", false, "print the identity only, the whole SHA-256 in 64 hex digits")
		},
		run:     func(context.Context) error { return a.Tag(short, full) },
		instant: true,
	}
}

// Tag prints the image's ref; with short its tag of 12 digits, with full its
// identity of 64.
func (a *App) Tag(short, full bool) error {
	if short && full {
		return &UsageError{Err: errors.New("--short and --full contradict each other"), Remedy: "--short is the tag of 12 digits, --full the identity of 64"}
	}
	s, err := a.Start()
	if err != nil {
		return err
	}
	ref, err := s.Base.Ref()
	if err != nil {
		return err
	}
	text := ref.String()
	switch {
	case short:
		text = ref.Tag
	case full:
		text = s.Base.Identity()
	}
	return a.Print(text, TagJSON{Ref: ref.String(), Tag: ref.Tag, Identity: s.Base.Identity()})
}

// TagJSON is the JSON of tag.
type TagJSON struct {
	Ref      string `json:"ref"`
	Tag      string `json:"tag"`
	Identity string `json:"identity"`
}

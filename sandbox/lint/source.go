package lint

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// from checks what a stage begins with, and returns the scope that it begins
// with.
func (f *file) from(i int) *scope {
	s := f.stages[i]
	f.known("FROM", s.Location, f.flags[line(s.Location)])
	readable := f.readAlike(s.Location, []string{s.BaseName, s.Platform})
	if s.Name != "" && f.stageBefore(s.Name, i) >= 0 {
		f.add("stage-name", s.Location, "a second stage is called %s, and podman takes now the one, now the other", s.Name)
	}
	if s.Name == "scratch" {
		f.add("stage-name", s.Location, "a stage is called scratch, which is podman's name for nothing at all")
	}
	names := append(f.namesOf(s.BaseName), f.namesOf(s.Platform)...)
	for _, arg := range names {
		if _, unset := f.global.unset[arg]; unset {
			f.add("arg-without-default", s.Location, "FROM uses the ARG %s, which has no default", arg)
			return newScope(nil)
		}
	}
	image, what := f.expand(s.BaseName, f.global), "FROM "+s.BaseName
	if n := f.stageBefore(image, i); n >= 0 {
		f.fromStage(s, image, f.stages[n])
		return newScope(f.scopes[n])
	}
	switch {
	case !readable: // is said already
	case slices.ContainsFunc(f.namesOf(s.BaseName), f.isGiven):
		f.add("too-new", s.Location, "%s names an image by the platform, which podman does not know there", what)
	case image != "scratch" && !pinned(image):
		f.notPinned(s.Location, what)
	}
	return newScope(nil)
}

// fromStage checks a stage that begins from another one.
func (f *file) fromStage(s instructions.Stage, name string, base instructions.Stage) {
	switch written := asWritten(base); {
	case strings.ContainsRune(s.BaseName, '$'):
		f.add("too-new", s.Location, "FROM %s names a stage by a variable, which podman does not know", s.BaseName)
	case written != name || written != strings.ToLower(written):
		f.add("stage-name", s.Location, "FROM %s: the stage is called %s; BuildKit begins only from a name in lower case, podman from one as it is written", s.BaseName, written)
	}
	if slices.ContainsFunc(base.Commands, isOnbuild) {
		f.add("onbuild", s.Location, "FROM %s: BuildKit does what that stage has behind ONBUILD, podman does not", s.BaseName)
	}
}

func isOnbuild(c instructions.Command) bool {
	_, is := c.(*instructions.OnbuildCommand)
	return is
}

// isGiven tells an ARG that only the builder sets.
func (f *file) isGiven(arg string) bool {
	_, declared := f.global.values[arg]
	return !declared && slices.Contains(given, arg)
}

func (f *file) notPinned(at []parser.Range, what string) {
	f.add("from-without-digest", at, "%s is neither a stage before nor an image that is pinned by its SHA-256 digest", what)
}

// stageBefore returns the number of the last stage before number i by a name,
// in whatever case; -1 for none.
func (f *file) stageBefore(name string, i int) int {
	for i--; i >= 0; i-- {
		if s := f.stages[i]; s.Name != "" && strings.EqualFold(s.Name, name) {
			break
		}
	}
	return i
}

// asWritten returns the name after AS; BuildKit's own is in lower case.
func asWritten(s instructions.Stage) string {
	words := strings.Fields(s.SourceCode)
	return words[len(words)-1]
}

// source checks what COPY --from or a mount names: a stage before, by name or,
// in COPY, by number; or an image that is pinned.
func (f *file) source(image string, i int, numbers bool, at []parser.Range, what string) {
	if n, err := strconv.Atoi(image); numbers && err == nil && n >= 0 && n < i {
		return
	}
	if n := f.stageBefore(image, i); n >= 0 {
		if written := asWritten(f.stages[n]); written != image {
			f.add("stage-name", at, "%s: the stage is called %s, and podman knows it only as it is written", what, written)
		}
	} else if image != "scratch" && !pinned(image) {
		f.notPinned(at, what)
	}
}

// pinned tells whether a reference names an image by its content.
func pinned(image string) bool {
	d, err := name.NewDigest(image)
	return err == nil && strings.HasPrefix(d.DigestStr(), "sha256:")
}

// lastPlatform checks that the last stage, and whatever it begins from, are
// for the platform that is asked for.
func (f *file) lastPlatform() {
	for i := len(f.stages) - 1; i >= 0; {
		s := f.stages[i]
		if s.Platform != "" && !f.isTarget(s.Platform) {
			f.add("platform-of-last-stage", s.Location, "the image begins with a stage for the platform %s", s.Platform)
			return
		}
		i = f.stageBefore(f.expand(s.BaseName, f.global), i)
	}
}

// isTarget tells whether a platform is the one that is asked for.
func (f *file) isTarget(platform string) bool {
	s := newScope(nil)
	maps.Copy(s.values, f.global.values)
	for _, name := range []string{"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"} {
		if f.isGiven(name) {
			s.values[name] = "$" + name
		}
	}
	return slices.Contains([]string{"$TARGETPLATFORM", "$TARGETOS/$TARGETARCH", "linux/$TARGETARCH"}, f.expand(platform, s))
}

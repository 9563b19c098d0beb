package lint

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// given are the ARGs that builders set by themselves: by the platform, which
// is asked for, and by their proxies, which change no image that is checked.
// See https://docs.docker.com/reference/dockerfile/#predefined-args.
var given = []string{
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
	"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
}

func (f *file) sort() {
	slices.SortStableFunc(f.found, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
}

func (f *file) syntaxLine(containerfile []byte) {
	if name, _, at, found := parser.DetectSyntax(containerfile); found && !pinned(name) {
		f.add("syntax-without-digest", at, "the frontend %s is not pinned", name)
	}
}

func (f *file) stage(i int) {
	s := f.stages[i]
	f.from(i, s)
	unset := map[string][]parser.Range{}
	for _, c := range s.Commands {
		f.uses(c, unset)
		switch c := c.(type) {
		case *instructions.ArgCommand:
			f.arg(c, unset)
		case *instructions.CopyCommand:
			f.copy(i, c)
		case *instructions.AddCommand:
			f.addFile(c)
		case *instructions.RunCommand:
			f.run(i, c)
		}
	}
}

// from checks what a stage begins with.
func (f *file) from(i int, s instructions.Stage) {
	name := f.expand(s.BaseName)
	for _, arg := range variables(s.BaseName + " " + s.Platform) {
		if f.unset[arg] && !slices.Contains(given, arg) {
			f.add("arg-without-default", s.Location, "FROM uses the ARG %s, which has no default", arg)
			return
		}
	}
	f.source(name, i, false, s.Location, "FROM "+name)
	if i == len(f.stages)-1 && s.Platform != "" && s.Platform != "$TARGETPLATFORM" && s.Platform != "${TARGETPLATFORM}" {
		f.add("platform-of-last-stage", s.Location, "the last stage is for the platform %s", s.Platform)
	}
}

// stageOf returns the name, as it is written, of the stage before number i that
// BuildKit understands by another name; "" for none.
func (f *file) stageOf(name string, i int) string {
	for _, s := range f.stages[:i] {
		if s.Name != "" && strings.EqualFold(s.Name, name) {
			return asWritten(s)
		}
	}
	return ""
}

// asWritten returns the name after AS; BuildKit's own is in lower case.
func asWritten(s instructions.Stage) string {
	words := strings.Fields(s.SourceCode)
	return words[len(words)-1]
}

// source checks what FROM, COPY --from or a mount names: a stage before, by
// name or, where that is allowed, by number; or an image that is pinned.
func (f *file) source(name string, i int, numbers bool, at []parser.Range, what string) {
	if n, err := strconv.Atoi(name); numbers && err == nil && n >= 0 && n < i {
		return
	}
	switch stage := f.stageOf(name, i); {
	case name == "scratch", pinned(name), stage == name:
	case stage != "":
		f.add("stage-name-case", at, "%s: the stage is called %s", what, stage)
	default:
		f.add("from-without-digest", at, "%s is neither a stage before nor an image that is pinned by its digest", what)
	}
}

func (f *file) arg(c *instructions.ArgCommand, unset map[string][]parser.Range) {
	for _, kv := range c.Args {
		_, global := f.global[kv.Key]
		if kv.Value == nil && !global && !slices.Contains(given, kv.Key) {
			unset[kv.Key] = c.Location()
		} else {
			delete(unset, kv.Key)
		}
	}
}

// uses looks for ARGs without a default in the text of an instruction.
func (f *file) uses(c instructions.Command, unset map[string][]parser.Range) {
	for _, name := range variables(f.text(c.Location())) {
		if at, found := unset[name]; found {
			f.add("arg-without-default", at, "the ARG %s has no default, and is used", name)
			delete(unset, name) // once is enough
		}
	}
	if e, ok := c.(*instructions.EnvCommand); ok {
		for _, kv := range e.Env {
			delete(unset, kv.Key) // from here on the file decides it
		}
	}
}

// text is the instruction that begins at a place, as it is written.
func (f *file) text(at []parser.Range) string {
	if len(at) == 0 {
		return ""
	}
	for _, n := range f.ast.Children {
		if n.StartLine == at[0].Start.Line {
			text := n.Original
			for _, h := range n.Heredocs {
				text += "\n" + h.Content
			}
			return text
		}
	}
	return ""
}

func (f *file) copy(i int, c *instructions.CopyCommand) {
	switch {
	case len(c.SourceContents) > 0:
		f.add("heredoc", c.Location(), "COPY of a heredoc")
	case c.From == "":
		f.add("copy-from-context", c.Location(), "COPY of %s from the build context", strings.Join(c.SourcePaths, " "))
	default:
		f.source(c.From, i, true, c.Location(), "COPY --from="+c.From)
	}
	if c.Link {
		f.add("copy-link", c.Location(), "COPY --link")
	}
	if c.Parents || len(c.ExcludePatterns) > 0 {
		f.add("too-new", c.Location(), "COPY --parents or --exclude")
	}
}

func (f *file) addFile(c *instructions.AddCommand) {
	if len(c.SourceContents) > 0 {
		f.add("heredoc", c.Location(), "ADD of a heredoc")
	}
	for _, source := range c.SourcePaths {
		switch {
		case !isRemote(source):
			f.add("copy-from-context", c.Location(), "ADD of %s from the build context", source)
		case c.Checksum == "":
			f.add("add-without-checksum", c.Location(), "ADD of %s without a checksum", source)
		}
	}
	if c.Checksum != "" {
		f.add("add-checksum", c.Location(), "ADD --checksum")
	}
	if c.Link {
		f.add("copy-link", c.Location(), "ADD --link")
	}
	if c.KeepGitDir != nil || c.Unpack != nil || len(c.ExcludePatterns) > 0 {
		f.add("too-new", c.Location(), "ADD --keep-git-dir, --unpack or --exclude")
	}
}

// isRemote tells a URL, or a Git repository in one of the ways to write one,
// from a path.
func isRemote(source string) bool {
	scheme, _, found := strings.Cut(source, "://")
	return found && !strings.ContainsAny(scheme, "/\\") || strings.HasPrefix(source, "git@") || strings.HasPrefix(source, "github.com/")
}

var (
	download = regexp.MustCompile(`(?i)\b(curl|wget|aria2c)\b.*(https?|ftp)://|\b(curl|wget|aria2c)\b.*\$|\bgit\s+clone\b|\b(npm|pip3?|go|cargo|gem)\s+(install|i)\b`)
	checked  = regexp.MustCompile(`\bsha(256|384|512)sum\b|\bshasum\b|\bb2sum\b|\bgpgv?\b|\bminisign\b|\bcosign\s+verify|openssl\s+dgst|--require-hashes|\bgit\s+verify-|\bnpm\s+ci\b`)
)

func (f *file) run(i int, c *instructions.RunCommand) {
	if len(c.Files) > 0 {
		f.add("heredoc", c.Location(), "RUN of a heredoc")
	}
	f.mounts(i, c)
	text := strings.ReplaceAll(f.text(c.Location()), "\n", " ")
	if download.MatchString(text) && !checked.MatchString(text) {
		f.add("unchecked-download", c.Location(), "RUN downloads, and no checksum follows")
	}
}

func (f *file) mounts(i int, c *instructions.RunCommand) {
	for _, m := range instructions.GetMounts(c) {
		switch m.Type {
		case instructions.MountTypeSecret, instructions.MountTypeSSH:
			f.add("mount-of-secret", c.Location(), "RUN --mount=type=%s", m.Type)
			continue
		case instructions.MountTypeTmpfs:
			continue
		case instructions.MountTypeCache:
			f.add("cache-mount", c.Location(), "RUN --mount=type=cache")
		}
		switch {
		case m.From != "":
			f.source(m.From, i, true, c.Location(), "RUN --mount from="+m.From)
		case m.Type == instructions.MountTypeBind:
			f.add("mount-from-context", c.Location(), "RUN --mount=type=bind of the build context")
		}
	}
}

var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)

func pinned(image string) bool { return digest.MatchString(image) }

// expand replaces ARGs in front of the first FROM by their defaults.
func (f *file) expand(word string) string {
	var env []string
	for k, v := range f.global {
		env = append(env, k+"="+v)
	}
	expanded, _, err := shell.NewLex(f.escape).ProcessWord(word, shell.EnvsFromSlice(env))
	if err != nil {
		return word
	}
	return expanded
}

var variable = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*))`)

// variables lists the names that a text refers to, as $NAME or ${NAME…}; a
// backslash before the dollar takes its meaning away.
func variables(text string) []string {
	var names []string
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > 0 && text[m[0]-1] == '\\' {
			continue
		}
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		names = append(names, text[from:to])
	}
	return names
}

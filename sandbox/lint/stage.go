package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stage checks one stage, after those before it.
func (f *file) stage(i int) {
	s := f.from(i)
	triggers := newScope(nil)
	var runs []step
	for _, c := range f.stages[i].Commands {
		f.command(i, c, s, f.flags[line(c.Location())])
		switch c := c.(type) {
		case *instructions.OnbuildCommand:
			f.add("not-in-oci", c.Location(), "ONBUILD")
			f.trigger(i, c, triggers)
		case *instructions.RunCommand:
			runs = append(runs, newStep(c, s))
		}
	}
	f.downloads(runs)
	f.scopes = append(f.scopes, s)
}

// command checks one instruction.
func (f *file) command(i int, c instructions.Command, s *scope, flags []string) {
	f.known(c.Name(), c.Location(), flags)
	f.readAlike(c.Location(), words(c))
	f.uses(c, s)
	switch c := c.(type) {
	case *instructions.ArgCommand:
		f.arg(c, s)
	case *instructions.EnvCommand:
		for _, kv := range c.Env {
			s.set(kv.Key, f.expand(kv.Value, s))
			s.env[kv.Key] = true
		}
	case *instructions.CopyCommand:
		f.copy(i, c)
	case *instructions.AddCommand:
		f.addFile(c, s)
	case *instructions.RunCommand:
		f.run(i, c)
	case *instructions.HealthCheckCommand, *instructions.ShellCommand:
		f.add("not-in-oci", c.Location(), "%s", strings.ToUpper(c.Name()))
	}
}

// trigger checks what an ONBUILD does to builds from the image, and to
// the stages that begin from this one.
func (f *file) trigger(i int, c *instructions.OnbuildCommand, s *scope) {
	result, err := parser.Parse(strings.NewReader(c.Expression))
	if err != nil || len(result.AST.Children) != 1 {
		return
	}
	n := result.AST.Children[0]
	n.StartLine, n.EndLine = line(c.Location()), line(c.Location())
	if inner, err := instructions.ParseCommand(n); err == nil && readMounts(inner) == nil {
		f.command(i, inner, s, n.Flags)
	}
}

// flags are those that every builder knows, by instruction; --link and
// --checksum have rules of their own.
var flags = map[string][]string{
	"from":        {"platform"},
	"copy":        {"from", "chown", "chmod", "link"},
	"add":         {"chown", "chmod", "link", "checksum"},
	"run":         {"mount"},
	"healthcheck": {"interval", "timeout", "start-period", "retries"},
}

// upperCase is in a mount what podman does not take for the same in lower case.
var upperCase = regexp.MustCompile(`[=,](?:[a-z]*[A-Z][A-Za-z]*=|type=[a-z]*[A-Z])`)

// known checks the flags of an instruction.
func (f *file) known(instruction string, at []parser.Range, used []string) {
	for _, flag := range used {
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		switch {
		case name == "link":
			f.add("copy-link", at, "%s --link", strings.ToUpper(instruction))
		case name == "checksum":
			f.add("add-checksum", at, "ADD --checksum")
		case name == "mount" && upperCase.MatchString(flag):
			f.add("too-new", at, "%s names a key or a type in upper case", flag)
		case !slices.Contains(flags[strings.ToLower(instruction)], name):
			f.add("too-new", at, "%s --%s", strings.ToUpper(instruction), name)
		}
	}
}

func (f *file) copy(i int, c *instructions.CopyCommand) {
	if len(c.SourceContents) > 0 {
		f.add("heredoc", c.Location(), "COPY of a heredoc")
	}
	switch {
	case len(c.SourcePaths) == 0:
	case c.From == "":
		f.add("copy-from-context", c.Location(), "COPY of %s from the build context", strings.Join(c.SourcePaths, " "))
	default:
		f.source(c.From, i, true, c.Location(), "COPY --from="+c.From)
	}
}

func (f *file) addFile(c *instructions.AddCommand, s *scope) {
	if len(c.SourceContents) > 0 {
		f.add("heredoc", c.Location(), "ADD of a heredoc")
	}
	for _, source := range c.SourcePaths {
		switch {
		case !isRemote(f.expand(source, s)):
			f.add("copy-from-context", c.Location(), "ADD of %s from the build context", source)
		case c.Checksum == "":
			f.add("add-without-checksum", c.Location(), "ADD of %s without a checksum", source)
		}
	}
}

// isRemote tells a URL, or a Git repository in one of the ways to write one,
// from a path.
func isRemote(source string) bool {
	scheme, _, found := strings.Cut(source, "://")
	return found && !strings.ContainsAny(scheme, "/\\") || strings.HasPrefix(source, "git@") || strings.HasPrefix(source, "github.com/")
}

func (f *file) run(i int, c *instructions.RunCommand) {
	if len(c.Files) > 0 {
		f.add("heredoc", c.Location(), "RUN of a heredoc")
	}
	for _, m := range instructions.GetMounts(c) {
		f.mount(i, m, c.Location())
	}
}

func (f *file) mount(i int, m *instructions.Mount, at []parser.Range) {
	switch m.Type {
	case instructions.MountTypeSecret, instructions.MountTypeSSH:
		f.add("mount-of-secret", at, "RUN --mount=type=%s", m.Type)
		return
	case instructions.MountTypeTmpfs:
		if m.SizeLimit != 0 {
			f.add("too-new", at, "RUN --mount=type=tmpfs with a size")
		}
		return
	case instructions.MountTypeCache:
		f.add("cache-mount", at, "RUN --mount=type=cache")
	}
	switch {
	case m.From != "":
		f.source(m.From, i, false, at, "RUN --mount from="+m.From)
	case m.Type == instructions.MountTypeBind:
		f.add("mount-from-context", at, "RUN --mount=type=bind of the build context")
	}
}

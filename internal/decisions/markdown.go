package decisions

import (
	"fmt"
	"io"
	"strings"
)

// steps titles the groups of cases, in the order of the document.
var steps = []struct{ step, title, text string }{
	{"content", "What the registry holds", "It answers as it should."},
	{"connection", "Connection", "Behind it, the image is whole. The engines here accept every certificate of a registry on loopback."},
	{"ping", "Ping", "`GET /v2/` is answered so. All else is well, and the image is whole."},
	{"token", "Token", "The token server answers so."},
	{"manifest", "Manifest", "The tag is answered so."},
	{"child", "Child", "The manifests of the platforms, by digest, are answered so."},
	{"blob", "Blobs", "Configs and layers are answered so. A host leaves them to its engine, which pulls twice in vain before the image is built."},
	{"upload", "Uploads", "Nothing is published yet, and whatever writes is answered so."},
}

// Markdown writes the table as a document.
func Markdown(w io.Writer, b Baseline) error {
	var out strings.Builder
	cases := Cases()
	wrongCI, wrongHost, waits := 0, 0, 0
	for _, c := range cases {
		s, there := b.Cases[c.String()]
		if !there {
			return fmt.Errorf("the script was not measured in the case %s", c)
		}
		if c.WrongCI(s) {
			wrongCI++
		}
		if c.WrongHost(s) {
			wrongHost++
		}
		if s.Waits() {
			waits++
		}
	}
	fmt.Fprintf(&out, `# Decisions

What openlock decides when a registry fails, and beside it what the usual
script decides. This page is written by `+"`go tool mage decisions`"+`, which plays
every cell on real parts; `+"`mage test`"+` plays openlock's cells each time.

| %d cases | wrong in CI | wrong on a host | still waiting after %.0f s |
|---|--:|--:|--:|
| openlock | 0 | 0 | 0 on a host |
| script | %d | %d | %d |

The script is

`+"```sh"+`
docker buildx imagetools inspect "$ref" || docker buildx build --push …   # in CI
podman pull "$ref" || podman build …                                      # on a host
`+"```"+`

measured with %s. **Bold** is wrong: in CI, to skip
what is not whole, or to build and push on doubt, or beside what is whole; on a
host, to take an image that is not the one, or to build what could be pulled.

The columns: *state* is what `+"`exists`"+` says, with its exit code. *ensure* is what
a host does, with podman and with docker alike, and how long it waits for the
registry at most. *push* is what `+"`push`"+` (here with podman) and `+"`release:base`"+` (here
with buildx) do: an action, or the exit code that they fail with. Neither
leaves a tag that is not complete.
`, len(cases), patience.Seconds(), wrongCI, wrongHost, waits, strings.Join(b.Tools, " and "))
	for _, g := range steps {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", g.title, g.text)
		out.WriteString("| answer | state | ensure | push | script in CI | script on a host |\n|---|---|---|---|---|---|\n")
		for _, c := range cases {
			if c.Step == g.step {
				out.WriteString(row(c, b.Cases[c.String()]))
			}
		}
	}
	writeSettings(&out)
	transports(&out)
	_, err := io.WriteString(w, out.String())
	return err
}

func row(c Case, s Script) string {
	exists, ensure := c.Want[Exists], c.Want[EnsurePodman]
	return fmt.Sprintf("| %s | %s, %d | %s, %s | %s | %s | %s |\n", c.Says,
		exists.State, exists.Exit, ensure.Action, Place{c, EnsurePodman}.Bound(), pushWords(c),
		bold(c.WrongCI(s), s.CI), bold(c.WrongHost(s), fmt.Sprintf("%s, %d s", s.Host, s.HostSeconds)))
}

// pushWords is what both publishers do, once where they do the same.
func pushWords(c Case) string {
	push, release := cellWords(c.Want[Push]), cellWords(c.Want[Release])
	if push == release {
		return push
	}
	return push + "; buildx: " + release
}

func cellWords(c Cell) string {
	if c.Action != "" {
		return c.Action
	}
	return fmt.Sprintf("fails, %d", c.Exit)
}

func bold(wrong bool, text string) string {
	if wrong {
		return "**" + text + "**"
	}
	return text
}

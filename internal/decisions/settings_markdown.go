package decisions

import (
	"fmt"
	"io"

	"github.com/vessux/openlock/internal/lab"
)

// settingsText is what holds in every row of the settings' tables.
const settingsText = `
## How the engine is configured

An engine reaches registries by its own configuration, and openlock goes by it.
Each row is one machine with an empty store, on which both were run on real
engines and registries: the engine's own pull of the tag, and
` + "`openlock ensure --build never`" + `.

The rows of podman hold for root and for a user without privileges, with podman
4.3 and 5.8. In every row ` + "`openlock plan`" + ` foretells what ensure does; an image
that is pulled has the canonical name in the engine, and no other; a mirror that
it came from is named in the reason; and no login was sent to a host that it is
not stored for. **Bold** is where ensure pulls and the engine's own pull may fail:
it tries the other logins that are stored, then none.
`

// writeSettings writes the settings as tables, one for each engine.
func writeSettings(w io.Writer) {
	io.WriteString(w, settingsText)
	for _, engine := range []string{lab.Podman.Name, lab.Docker.Name} {
		fmt.Fprintf(w, "\n### With %s\n\n| configuration | `%s pull` | ensure |\n|---|---|---|\n", engine, engine)
		for _, s := range Settings() {
			if s.Engine == engine {
				fmt.Fprintf(w, "| %s | %s | %s |\n", s.Name, engineWords(s), bold(s.Better, ensureWords(s)))
			}
		}
	}
}

func pulledWords(pulled bool) string {
	if pulled {
		return "pulls"
	}
	return "fails"
}

func engineWords(s Setting) string {
	if s.Newer {
		return "fails with podman 4.3, pulls with 5.8"
	}
	return pulledWords(s.Pulls)
}

func ensureWords(s Setting) string {
	if s.Mirror && s.Pulled() {
		return "pulls from the mirror"
	}
	return pulledWords(s.Pulled())
}

package cli

import (
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
)

// ReportGitHub makes an annotation of an error, with its remedies.
func (a *App) ReportGitHub(err error) {
	if a.GitHub == nil || err == nil {
		return
	}
	m := explain(err)
	a.GitHub.EndGroup()
	a.GitHub.Error(a.Program.Name, sanitize.Line(strings.Join(m.texts, "; "))+hints(m.hints))
}

func hints(all []string) string {
	var b strings.Builder
	for _, h := range all {
		if h != "" {
			b.WriteString("\nhint: " + sanitize.Line(h))
		}
	}
	return b.String()
}

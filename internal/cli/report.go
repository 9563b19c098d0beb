package cli

import (
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox"
)

// ReportGitHub makes an annotation of an error, with its remedies.
func (a *App) ReportGitHub(err error) {
	if a.GitHub == nil || err == nil {
		return
	}
	m := sandbox.Explain(err)
	a.GitHub.EndGroup()
	a.GitHub.Error(a.Program.Name, sanitize.Line(strings.Join(m.Messages, "; "))+hints(m.Hints))
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

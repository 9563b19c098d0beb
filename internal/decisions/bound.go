package decisions

import (
	"strings"
	"time"
)

// Bound is how long a column may wait for the registry in this place, the
// engine's and the builder's own work aside.
func (p Place) Bound() time.Duration {
	switch p.Column {
	case Push, Release:
		return p.publishBound()
	case EnsurePodman, EnsureDocker:
		if p.Step == "upload" || p.Step == "blob" {
			return time.Second // these questions are the engine's, if anybody's
		}
	}
	switch {
	case p.Step == "upload":
		return time.Second
	case p.Name == "429":
		return 10 * time.Second
	case (p.Name == "stalled-body" || p.Name == "stalled-window") && p.Step != "ping", p.Name == "rst-refused-stream", p.Name == "goaway":
		return 8 * time.Second
	case p.silent():
		return 3500 * time.Millisecond
	}
	return time.Second
}

// publishBound: three tries, and patience with what was just pushed.
func (p Place) publishBound() time.Duration {
	switch {
	case p.Name == "429":
		return time.Minute
	case p.Step == "upload" && p.silent():
		return 100 * time.Second // 30 s for a registry to take something, three times
	case p.Step == "manifest" && p.Want[p.Column].Exit != 0 && p.Want[p.Column].After == ok && (p.Want[Probe].State == absent || p.Want[Probe].State == partly):
		return 70 * time.Second // published, and not seen for a minute
	case p.Name == "stalled-body":
		return 30 * time.Second
	}
	return 15 * time.Second
}

func (p Place) silent() bool {
	return p.Name == "silent" || strings.HasPrefix(p.Name, "stalled-header") || strings.HasSuffix(p.Name, "never answers")
}

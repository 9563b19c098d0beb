package decisions

import (
	"strings"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// FrameFault says what a fault of HTTP/2 means.
type FrameFault struct {
	Fault fault.FrameFault
	state registry.State
	tries int
}

// inBody reports whether the header of the answer is well, and all that a ping says.
func (f FrameFault) inBody() bool {
	return strings.Contains(f.Fault.Name, "midway") || f.Fault.Name == "stalled-window"
}

// At returns what the fault means at a step.
func (f FrameFault) At(step fault.Step) registry.State {
	if step == fault.Ping && f.inBody() {
		return ok
	}
	return f.state
}

// Tries is how often an impatient client asks at least at a step.
func (f FrameFault) Tries(step fault.Step) int {
	if step == fault.Ping && f.inBody() {
		return 1
	}
	return f.tries
}

// FrameSteps are the steps at which a probe meets the faults of HTTP/2.
var FrameSteps = []fault.Step{fault.Ping, fault.Manifest, fault.Child, fault.Blob}

// FrameFaults is every fault of HTTP/2 that package fault has.
func FrameFaults() []FrameFault {
	var all []FrameFault
	for _, f := range fault.FrameTable() {
		row := FrameFault{Fault: f, state: down, tries: 3}
		if f.Times == 1 {
			row.state, row.tries = ok, 2
		}
		switch f.Name {
		case "rst-refused-stream":
			row.tries = 2 // net/http asks again by itself, with growing waits, until the probe's time is over
		case "stalled-window", "stalled-headers":
			row.tries = 1 // a host does not wait twice
		case "endless-headers", "no-frames":
			row.state, row.tries = invalid, 1
		}
		all = append(all, row)
	}
	return all
}

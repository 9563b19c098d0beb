package decisions

import (
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// Short names, so that the tables below read as such.
const (
	ok       = registry.StateComplete
	partly   = registry.StateIncomplete
	absent   = registry.StateAbsent
	denied   = registry.StateDenied
	throttle = registry.StateThrottled
	down     = registry.StateUnreachable
	invalid  = registry.StateInvalid
	none     = registry.State("") // the fault does not happen at that step

	pulled    = string(sandbox.SourcePulled)
	built     = string(sandbox.SourceBuilt)
	skipped   = string(sandbox.OutcomeSkipped)
	published = string(sandbox.OutcomePublished)
	repaired  = string(sandbox.OutcomeRepaired)
)

// Fault says what a fault means at every step. All the rest of the registry
// is well, and it holds the image for both platforms; at the step upload it
// holds nothing.
type Fault struct {
	Name                               string // as package fault has it
	Ping, Token, Manifest, Child, Blob registry.State
	Upload                             registry.State // what publishing says of it
	Tries                              int            // how often an impatient client asks at that step
	Pull                               string         // how ensure ends that meets it at the blobs, which engines fetch
}

// Faults is every fault that package fault has.
var Faults = []Fault{
	{"401", ok, denied, denied, denied, denied, denied, 1, built}, // at the ping: no challenge, so no login is wanted
	{"403", denied, denied, denied, denied, denied, denied, 1, built},
	{"404", invalid, invalid, absent, partly, partly, invalid, 1, built},
	{"404-empty", invalid, invalid, absent, partly, partly, invalid, 1, built},
	{"404-html", invalid, invalid, invalid, invalid, invalid, invalid, 1, built},
	{"404-denied", denied, denied, denied, denied, denied, denied, 1, built},
	{"429", throttle, throttle, throttle, throttle, throttle, throttle, 1, built},
	{"429-seconds", throttle, throttle, throttle, throttle, throttle, throttle, 1, built},
	{"429-date", throttle, throttle, throttle, throttle, throttle, throttle, 1, built},
	{"500", down, down, down, down, down, down, 3, built},
	{"503", down, down, down, down, down, down, 3, built},
	{"503-once", ok, ok, ok, ok, ok, ok, 2, pulled},
	{"html", ok, invalid, invalid, invalid, invalid, invalid, 1, built}, // a ping's body says nothing
	{"control-characters", denied, denied, denied, denied, denied, denied, 1, built},
	{"redirect-loop", invalid, invalid, invalid, invalid, invalid, invalid, 1, built},
	{"redirect-nowhere", invalid, invalid, invalid, invalid, invalid, invalid, 1, built},
	{"silent", down, down, down, down, down, down, 1, built}, // a host does not wait twice
	{"stalled-header", down, down, down, down, down, down, 1, built},
	{"stalled-body", ok, down, down, down, down, ok, 1, built}, // nor does the body of what was taken
	{"reset", down, down, down, down, down, down, 3, built},
	{"reset-once", ok, ok, ok, ok, ok, ok, 2, pulled},
	{"not-http", invalid, invalid, invalid, invalid, invalid, invalid, 1, built},

	{"truncated", none, none, invalid, invalid, invalid, none, 1, built},
	{"cut-off", none, none, down, down, down, none, 3, built},
	{"tampered", none, none, invalid, invalid, invalid, none, 1, built},
	{"oversized", none, none, invalid, invalid, invalid, none, 1, built},
	{"endless", none, none, invalid, invalid, invalid, none, 1, built},
	{"slow-body", none, none, ok, ok, ok, none, 1, pulled},

	{"empty-body", none, none, invalid, invalid, none, none, 1, ""},
	{"wrong-digest", none, none, invalid, invalid, none, none, 1, ""},
	{"wrong-type", none, none, invalid, invalid, none, none, 1, ""},
	{"foreign-json", none, none, invalid, invalid, none, none, 1, ""},
	{"schema-1", none, none, invalid, invalid, none, none, 1, ""},
	{"artefact", none, none, invalid, invalid, none, none, 1, ""},
	{"empty-index", none, none, partly, invalid, none, none, 1, ""}, // as a child: not the bytes its digest names
	{"only-attestations", none, none, partly, invalid, none, none, 1, ""},
	{"nested-index", none, none, invalid, invalid, none, none, 1, ""},
	{"bad-platform", none, none, invalid, invalid, none, none, 1, ""},
}

// At returns what the fault means at a step; "" where it does not happen there.
func (f Fault) At(step string) registry.State {
	return map[string]registry.State{
		"ping": f.Ping, "token": f.Token, "manifest": f.Manifest, "child": f.Child, "blob": f.Blob, "upload": f.Upload,
	}[step]
}

// holding is a row about what a registry holds, or what stands in its way,
// when it answers as it should.
type holding struct {
	name    string
	exists  registry.State // for both platforms
	host    registry.State // for the host's own; what ensure is told
	ensure  string
	publish string // "" where it ends with the state's exit code
}

var contents = []holding{
	{"both platforms", ok, ok, pulled, skipped},
	{"both, for clients with a token", ok, ok, pulled, skipped},
	{"both, with Docker's media types", ok, ok, pulled, skipped},
	{"both, and attestations", ok, ok, pulled, skipped},
	{"manifests at another host", ok, ok, pulled, skipped},
	{"blobs at another host", ok, ok, pulled, skipped},
	{"nothing", absent, absent, built, published},
	{"another tag", absent, absent, built, published},
	{"the other platform missing", partly, ok, pulled, repaired},
	{"the host's platform missing", partly, partly, built, repaired},
	{"the other child deleted", partly, ok, pulled, repaired},
	{"the host's child deleted", partly, partly, built, repaired},
	{"a config deleted", partly, ok, built, repaired},
	{"a layer deleted", partly, ok, built, repaired},
	{"an image without an index", partly, ok, pulled, repaired},
	{"an index of nothing", partly, partly, built, published},
	{"attestations only", partly, partly, built, published},
	{"an index inside the index", invalid, invalid, built, ""},
	{"no label", invalid, invalid, built, ""},
	{"another Containerfile's label", invalid, invalid, built, ""},
	{"a child for another platform", invalid, invalid, built, ""},
	{"both, denied to every client", denied, denied, built, ""},
}

var connections = []holding{
	{"a port that refuses", down, down, built, ""},
	{"a port that accepts and never answers", down, down, built, ""},
	{"a port that accepts and hangs up", down, down, built, ""},
	{"a certificate of an unknown authority", down, ok, pulled, ""}, // engines call loopback insecure
	{"a TLS version that is too old", down, down, built, ""},
}

package decisions

import (
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// Column is one of those who decide.
type Column string

// The columns. Push publishes with podman, Release with docker buildx, so that
// the table is proved with both builders.
const (
	Probe        Column = "probe"
	Exists       Column = "exists"
	EnsurePodman Column = "ensure, podman"
	EnsureDocker Column = "ensure, docker"
	Push         Column = "push"
	Release      Column = "release:base"
)

// Columns are all columns.
var Columns = []Column{Probe, Exists, EnsurePodman, EnsureDocker, Push, Release}

// Cell is what one of them does in a case.
type Cell struct {
	State  registry.State // that it tells; "" where it fails and tells none
	Action string         // pulled or built; skipped, published or repaired; "" where it fails or only asks
	Exit   int            // the program's exit code
	// After is what is under the tag when the registry is well again; "" for
	// columns that change nothing there.
	After registry.State
	Moved bool // the tag names another index than before
}

// Case is a condition that a registry can be in.
type Case struct {
	Step string // "ping", …; "content" or "connection"
	Name string
	Says string // what is wrong, in words
	Over string // one of the transports; empty: HTTP/1.1 in the clear
	Want map[Column]Cell
	set  func(*stand) error
}

func (c Case) String() string {
	if c.Over != "" {
		return c.Step + "/" + c.Name + " over " + c.Over
	}
	return c.Step + "/" + c.Name
}

// Cases lists every case of the table.
func Cases() []Case {
	var all []Case
	for _, step := range fault.Steps {
		for _, f := range Faults {
			state := f.At(string(step))
			if state == none {
				continue
			}
			answer, found := fault.Named(step, f.Name)
			if !found {
				panic("no fault " + string(step) + "/" + f.Name) // two tables in our own source
			}
			all = append(all, Case{
				Step: string(step), Name: f.Name, Says: answer.Says,
				Want: wantFault(step, f), set: func(s *stand) error { return s.breakWith(answer) },
			})
		}
	}
	return append(append(all, holdings("content", contents)...), holdings("connection", connections)...)
}

func holdings(step string, rows []holding) []Case {
	var all []Case
	for _, h := range rows {
		all = append(all, Case{Step: step, Name: h.name, Says: h.name, Want: wantHolding(h), set: sets[h.name]})
	}
	return all
}

// wantFault is what follows from a fault.
func wantFault(step fault.Step, f Fault) map[Column]Cell {
	state := f.At(string(step))
	switch step {
	case fault.Upload:
		// Nothing is there, and only who writes meets the fault.
		w := want(absent, absent, built, Cell{Exit: exitCodes[state], After: absent})
		if state == ok {
			w[Push] = Cell{State: absent, Action: published, After: ok, Moved: true}
			w[Release] = w[Push]
		}
		return w
	case fault.Blob:
		// A host asks for the config alone, and leaves one that it does not get, and
		// the layers, to the engine.
		return want(state, ok, f.Pull, publishes(step, f, state))
	}
	ensure := built
	if state == ok {
		ensure = pulled
	}
	return want(state, state, ensure, publishes(step, f, state))
}

// publishes is what push does over an image that is there, with a fault.
func publishes(step fault.Step, f Fault, state registry.State) Cell {
	c := Cell{Exit: exitCodes[state], After: ok}
	switch {
	case state == ok:
		c.State, c.Action = ok, skipped
	case step == fault.Child && state == partly:
		// What it has built and pushed cannot be found either.
		c.Exit = exitCodes[absent]
	case step == fault.Manifest && (state == absent || state == partly):
		// The writer reads the same. A client that may push publishes, and then finds that anonymous clients cannot pull.
		c.Moved = true
	}
	return c
}

// wantHolding is what follows from what a registry holds.
func wantHolding(h holding) map[Column]Cell {
	c := Cell{Exit: exitCodes[h.exists], After: h.exists}
	switch {
	case h.publish != "":
		c = Cell{State: h.exists, Action: h.publish, After: ok, Moved: h.publish != skipped}
	case h.exists == denied || h.exists == down:
		c.After = ok // behind what stands in the way
	}
	return want(h.exists, h.host, h.ensure, c)
}

func want(exists, host registry.State, ensure string, publish Cell) map[Column]Cell {
	e := Cell{State: host, Action: ensure}
	return map[Column]Cell{
		Probe:        {State: exists},
		Exists:       {State: exists, Exit: exitCodes[exists]},
		EnsurePodman: e, EnsureDocker: e,
		Push: publish, Release: publish,
	}
}

// exitCodes is the contract, written down a second time on purpose: the test
// of this table would not see a change of the one that the programs use.
var exitCodes = map[registry.State]int{ok: 0, absent: 3, partly: 4, denied: 5, throttle: 6, down: 6, invalid: 7}

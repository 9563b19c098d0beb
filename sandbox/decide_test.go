package sandbox

import (
	"fmt"
	"testing"

	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

var (
	nothing = local{}
	good    = local{image: &engine.Image{}}
	foreign = local{image: &engine.Image{}, wrong: "it is not ours"}
)

// TestFromLocal is the whole table of what is decided without a registry:
// three kinds of local image, three pull policies, three build policies.
func TestFromLocal(t *testing.T) {
	const ask = Action("") // the registry
	for _, row := range []struct {
		pull, build            Policy
		nothing, good, foreign Action
	}{
		{PolicyMissing, PolicyMissing, ask, ActionUse, ask},
		{PolicyMissing, PolicyAlways, ActionBuild, ActionBuild, ActionBuild},
		{PolicyMissing, PolicyNever, ask, ActionUse, ask},
		{PolicyAlways, PolicyMissing, ask, ask, ask},
		{PolicyAlways, PolicyNever, ask, ask, ask},
		{PolicyNever, PolicyMissing, ActionBuild, ActionUse, ActionBuild},
		{PolicyNever, PolicyAlways, ActionBuild, ActionBuild, ActionBuild},
		{PolicyNever, PolicyNever, ActionFail, ActionUse, ActionFail},
	} {
		for _, c := range []struct {
			name string
			l    local
			want Action
		}{{"nothing", nothing, row.nothing}, {"good", good, row.good}, {"foreign", foreign, row.foreign}} {
			t.Run(fmt.Sprintf("pull=%s,build=%s,%s", row.pull, row.build, c.name), func(t *testing.T) {
				d := fromLocal(c.l, Options{Pull: row.pull, Build: row.build})
				var got Action
				if d != nil {
					got = d.Action
				}
				if got != c.want {
					t.Errorf("action %q, want %q", got, c.want)
				}
				if d != nil && d.Reason == "" {
					t.Error("a decision without a reason")
				}
			})
		}
	}
}

func TestFromLocalSaysWhatIsMissing(t *testing.T) {
	never := Options{Pull: PolicyNever, Build: PolicyNever}
	if d := fromLocal(nothing, never); d.State != registry.StateAbsent || d.Hint == "" {
		t.Errorf("nothing there: state %q, hint %q; want absent and a hint", d.State, d.Hint)
	}
	if d := fromLocal(foreign, never); d.State != registry.StateInvalid || d.Hint == "" {
		t.Errorf("a foreign image: state %q, hint %q; want invalid and a hint", d.State, d.Hint)
	}
}

// TestFromRegistry is the whole table of what is decided by a registry's
// state: every state, with and without a good local image, for every pair of
// policies that gets that far.
func TestFromRegistry(t *testing.T) {
	const platform = "linux/amd64"
	mine := []registry.Child{{Platform: platform, Digest: "sha256:1"}}
	for _, row := range []struct {
		res                 registry.Result
		missing, never, use Action // build=missing, build=never, build=missing with a good local image
		warn                bool   // whether build=missing is said aloud
	}{
		{registry.Result{State: registry.StateComplete, Children: mine}, ActionPull, ActionPull, ActionPull, false},
		{registry.Result{State: registry.StateIncomplete, Children: mine}, ActionPull, ActionPull, ActionPull, false},
		{registry.Result{State: registry.StateIncomplete}, ActionBuild, ActionFail, ActionUse, false},
		{registry.Result{State: registry.StateAbsent}, ActionBuild, ActionFail, ActionUse, false},
		{registry.Result{State: registry.StateDenied}, ActionBuild, ActionFail, ActionUse, true},
		{registry.Result{State: registry.StateThrottled}, ActionBuild, ActionFail, ActionUse, true},
		{registry.Result{State: registry.StateUnreachable}, ActionBuild, ActionFail, ActionUse, true},
		{registry.Result{State: registry.StateInvalid}, ActionBuild, ActionFail, ActionUse, true},
		// No state but complete and incomplete is worth a pull, whatever else the result says.
		{registry.Result{State: registry.StateInvalid, Children: mine}, ActionBuild, ActionFail, ActionUse, true},
	} {
		row.res.Reason, row.res.Digest = "what the registry said", "sha256:0"
		for _, c := range []struct {
			l     local
			pull  Policy
			build Policy
			want  Action
		}{
			{nothing, PolicyMissing, PolicyMissing, row.missing},
			{nothing, PolicyAlways, PolicyMissing, row.missing},
			{foreign, PolicyMissing, PolicyMissing, row.missing},
			{nothing, PolicyMissing, PolicyNever, row.never},
			{foreign, PolicyAlways, PolicyNever, row.never},
			{good, PolicyAlways, PolicyNever, row.never},
			{good, PolicyAlways, PolicyMissing, row.use},
		} {
			d := fromRegistry(c.l, &row.res, Options{Pull: c.pull, Build: c.build, Platform: platform})
			where := fmt.Sprintf("%s, children %d, pull=%s, build=%s, local %+v", row.res.State, len(row.res.Children), c.pull, c.build, c.l)
			if d.Action != c.want {
				t.Errorf("%s: %q, want %q", where, d.Action, c.want)
			}
			if (d.Manifest == "sha256:1") != (d.Action == ActionPull) {
				t.Errorf("%s: %s of manifest %q", where, d.Action, d.Manifest)
			}
			if d.State != row.res.State || d.Reason == "" {
				t.Errorf("%s: state %q, reason %q", where, d.State, d.Reason)
			}
			if d.Action == ActionBuild && d.Warn != row.warn {
				t.Errorf("%s: warns %t, want %t", where, d.Warn, row.warn)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	const identity = "da2fe84f2c45"
	ours := map[string]string{tag.Label: identity}
	for _, c := range []struct {
		name  string
		image engine.Image
		ok    bool
	}{
		{"ours", engine.Image{Labels: ours, Platform: "linux/arm64"}, true},
		{"ours with the base variant", engine.Image{Labels: ours, Platform: "linux/arm64/v8"}, true},
		{"no label", engine.Image{Platform: "linux/arm64"}, false},
		{"empty label", engine.Image{Labels: map[string]string{tag.Label: ""}, Platform: "linux/arm64"}, false},
		{"other label", engine.Image{Labels: map[string]string{tag.Label: "da2f"}, Platform: "linux/arm64"}, false},
		{"other architecture", engine.Image{Labels: ours, Platform: "linux/amd64"}, false},
	} {
		if wrong := judge(&c.image, identity, "linux/arm64"); (wrong == "") != c.ok {
			t.Errorf("%s: %q", c.name, wrong)
		}
	}
}

func TestOptionsAreCheckedFirst(t *testing.T) {
	for _, o := range []Options{
		{Pull: "sometimes"}, {Build: "yes"}, {Pull: PolicyAlways, Build: PolicyAlways}, {Platform: "arm64"}, {Platform: "linux/arm64/v8/x"},
	} {
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	o, err := Options{}.withDefaults()
	if err != nil || o.Pull != PolicyMissing || o.Build != PolicyMissing || o.Platform != "" {
		t.Errorf("defaults: %+v, %v", o, err)
	}
}

// TestDoubtful is the whole table of when the engine itself is asked: where the
// state is unknown, and the engine may reach what the probe does not.
func TestDoubtful(t *testing.T) {
	states := []registry.State{
		"", registry.StateComplete, registry.StateIncomplete, registry.StateAbsent, registry.StateDenied,
		registry.StateThrottled, registry.StateUnreachable, registry.StateInvalid,
	}
	for _, state := range states {
		for _, action := range []Action{ActionUse, ActionPull, ActionBuild, ActionFail} {
			for _, differs := range []string{"", "it is elsewhere"} {
				want := differs != "" && (state == registry.StateDenied || state == registry.StateUnreachable) && (action == ActionBuild || action == ActionFail)
				if got := doubtful(&Decision{Action: action, State: state}, differs); got != want {
					t.Errorf("%q, %s, differs %q: %t", state, action, differs, got)
				}
			}
		}
	}
}

package decisions_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/decisions"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestOnePullBehindAMirror: sixty-four started at once, behind a mirror with an
// authority of its own and a login, are one pull: each blob once, one ref for all.
func TestOnePullBehindAMirror(t *testing.T) {
	labtest.Need(t, lab.Podman)
	const name, many = "a mirror behind TLS that asks for a login", 64
	all := decisions.Settings()
	i := slices.IndexFunc(all, func(s decisions.Setting) bool { return s.Engine == lab.Podman.Name && s.Name == name })
	if i < 0 {
		t.Fatalf("no setting is named %q", name)
	}
	dir := t.TempDir()
	openlock, err := lab.BuildOpenlock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := decisions.Parts{Dir: dir, Openlock: openlock}.PlayCrowd(labtest.Context(t, 5*time.Minute), all[i], many)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Printed) != many || len(c.Failed) > 0 {
		t.Errorf("%d succeeded; the others said %q", len(c.Printed), c.Failed)
	}
	for _, ref := range c.Printed {
		if ref != c.Ref {
			t.Errorf("printed %q, want %q", ref, c.Ref)
		}
	}
	if len(c.Blobs) == 0 {
		t.Error("the mirror sent nothing")
	}
	twice := 0 // the config is read by the probe as well
	for path, n := range c.Blobs {
		switch n {
		case 1:
		case 2:
			twice++
		default:
			t.Errorf("%s was sent %d times", path, n)
		}
	}
	if twice > 1 {
		t.Errorf("%d blobs were sent twice: %v", twice, c.Blobs)
	}
}

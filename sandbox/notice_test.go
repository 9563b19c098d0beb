package sandbox

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vessux/openlock/sandbox/engine"
)

// slow is an engine that takes its time to answer.
type slow struct {
	engine.Engine
	time time.Duration
}

func (s slow) Name() string { return "slow" }

func (s slow) Inspect(context.Context, string) (*engine.Image, error) {
	time.Sleep(s.time)
	return nil, engine.ErrNotFound
}

// TestSlowEngine: that an engine does not answer is said every 10 s.
func TestSlowEngine(t *testing.T) {
	for took, want := range map[time.Duration][]string{
		9 * time.Second:  nil,
		25 * time.Second: {"waiting for slow to answer (10s so far)", "waiting for slow to answer (20s so far)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var said []string
			j := &job{engine: slow{time: took}, o: Options{Notify: func(n Notice) { said = append(said, n.Text) }}}
			if _, err := j.inspect(t.Context(), "a"); err != engine.ErrNotFound {
				t.Error(err)
			}
			if !slices.Equal(said, want) {
				t.Errorf("after %s: %q, want %q", took, said, want)
			}
		})
	}
}

// TestWaitingNotice names the process that has the lock, and how long it has been.
func TestWaitingNotice(t *testing.T) {
	const first = "waiting for process 7, which is getting the same image"
	for waited, want := range map[time.Duration]string{
		0: first, 499 * time.Millisecond: first, 10*time.Second + 3*time.Millisecond: first + " (10s so far)",
	} {
		var said Notice
		j := &job{o: Options{Notify: func(n Notice) { said = n }}}
		j.waiting("process 7", waited)
		if said != (Notice{Text: want}) {
			t.Errorf("%s: %+v, want %q", waited, said, want)
		}
	}
}

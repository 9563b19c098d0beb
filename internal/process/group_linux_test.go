package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		text string
		want process
		ok   bool
	}{
		{"12 (a b) c) S 7 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n", process{12, 7, 12, "4711"}, true},
		{"12 (sh) S 7", process{}, false},
		{"", process{}, false},
		{"x (sh) S 7 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1", process{}, false},
	} {
		if got, ok := parseStat([]byte(c.text)); ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %+v, %t", c.text, got, ok)
		}
	}
}

func TestProcessesHoldUs(t *testing.T) {
	for _, p := range processes() {
		if p.pid == os.Getpid() {
			if p.parent != os.Getppid() || p.start == "" {
				t.Errorf("%+v, want parent %d", p, os.Getppid())
			}
			return
		}
	}
	t.Error("this process is not listed")
}

// TestStepsEndFirst: a step in a session of its own ends first, so that the
// engine, which does not clean up after an interrupt, does after a failed step.
func TestStepsEndFirst(t *testing.T) {
	dir := t.TempDir()
	ready, cleaned := filepath.Join(dir, "ready"), filepath.Join(dir, "cleaned")
	p := script(t, "trap '' INT\nsetsid sh -c 'echo > "+ready+"; exec sleep 1000' &\nwait $!\necho > "+cleaned)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Work(ctx, time.Minute, nil) }()
	started(t, ready)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(cleaned); err != nil {
		t.Errorf("the program could not clean up: %v", err)
	}
}

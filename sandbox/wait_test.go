package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox"
)

// TestWaitHasALimit: who waits for another process gives up after a while, and
// says for whom it has waited.
func TestWaitHasALimit(t *testing.T) {
	_, b, _ := unpublished(t)
	m := newMemory()
	o := m.options(t)
	var waited error
	m.onInspect = func(string) error {
		if m.questions == 2 { // under the lock
			second := o
			second.WaitTimeout = time.Nanosecond
			_, waited = sandbox.Ensure(t.Context(), b, second)
		}
		return nil
	}
	if _, err := sandbox.Ensure(t.Context(), b, o); err != nil {
		t.Fatal(err)
	}
	e := sandbox.Explain(waited)
	if !errors.Is(waited, context.DeadlineExceeded) || e.ExitCode != 1 || len(e.Hints) != 1 || !strings.HasPrefix(e.Messages[0], "gave up after 1ns of waiting for process ") {
		t.Errorf("%+v", e)
	}
	m.did(t, "build", "tag", "remove")
}

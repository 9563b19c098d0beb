package lock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vessux/openlock/internal/lock"
)

// TestWaitingNoticeIsRepeated at once and every 10 s, with the time waited so
// far. The clock is a fake one.
func TestWaitingNoticeIsRepeated(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		held, err := lock.Acquire(t.Context(), dir, "key", time.Minute, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Release()
		enough := errors.New("enough")
		limited, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		ctx, cancel := context.WithCancelCause(limited)
		var waits []time.Duration
		_, err = lock.Acquire(ctx, dir, "key", time.Minute, func(_ string, waited time.Duration) {
			if waits = append(waits, waited); len(waits) == 3 {
				cancel(enough)
			}
		})
		if !errors.Is(err, enough) {
			t.Errorf("%v", err)
		}
		if want := []time.Duration{0, 10 * time.Second, 20 * time.Second}; !slices.Equal(waits, want) {
			t.Errorf("notices after %v, want %v", waits, want)
		}
	})
}

package poll

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name  string
		limit time.Duration
		done  int // the call that is done; 0: none
		fails int // the call that fails
		want  int // calls
		err   error
	}{
		{"at once", 0, 1, 0, 1, nil},
		{"no time for a second question", 0, 2, 0, 1, nil},
		{"the second time", time.Minute, 2, 0, 2, nil},
		{"an error ends it", time.Minute, 0, 1, 1, failed},
	} {
		calls := 0
		err := Until(t.Context(), time.Millisecond, c.limit, func() (bool, error) {
			calls++
			if calls == c.fails {
				return false, failed
			}
			return calls == c.done, nil
		})
		if calls != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d calls, %v", c.name, calls, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := Until(ctx, time.Minute, time.Hour, func() (bool, error) {
		cancel(cause)
		return false, nil
	})
	if !errors.Is(err, cause) {
		t.Error(err)
	}
}

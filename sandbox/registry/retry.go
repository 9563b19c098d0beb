package registry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Retry says how often a probe asks again, and how long it waits.
type Retry struct {
	Tries       int           // attempts in all on a transient failure: 5xx, a lost connection
	Interval    time.Duration // before the second attempt; then growing by half, with jitter
	Timeouts    bool          // try again after time-outs, refused connections and DNS failures too
	ThrottleMax time.Duration // the longest wait in all for a registry that says 429
}

var (
	// HostRetry keeps a person waiting as little as possible: a local build
	// is always the other way.
	HostRetry = Retry{Tries: 3, Interval: 100 * time.Millisecond, ThrottleMax: 10 * time.Second}
	// CIRetry sits out a registry's bad minute: CI must not build on doubt.
	CIRetry = Retry{Tries: 3, Interval: time.Second, Timeouts: true, ThrottleMax: time.Minute}
)

// run attempts until there is an answer, or no further attempt is allowed.
func (r Retry) run(ctx context.Context, attempt func(context.Context) (*Result, *failure)) (*Result, error) {
	interval := backoff.NewExponentialBackOff()
	interval.InitialInterval = r.Interval
	var waited time.Duration
	for try := 1; ; try++ {
		res, fail := attempt(ctx)
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if fail == nil {
			return res, nil
		}
		wait, again := r.next(fail, try, interval.NextBackOff(), waited)
		if !again {
			return res, nil
		}
		waited += wait
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// next tells how long to wait after attempt number try, and whether there is
// another one; waited is the sum of the waits so far.
func (r Retry) next(f *failure, try int, interval, waited time.Duration) (time.Duration, bool) {
	switch {
	case f.state == StateThrottled:
		wait := f.retryAfter
		if wait == 0 {
			wait = time.Second << min(try-1, 6) // it did not say
		}
		return wait, waited+wait <= r.ThrottleMax
	case f.transient, f.state == StateUnreachable && r.Timeouts:
		return interval, try < r.Tries
	}
	return 0, false
}

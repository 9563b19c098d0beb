// Package poll asks again until an answer will do.
package poll

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxInterval is the longest time between two questions.
const maxInterval = 5 * time.Second

// Until calls ask until it reports that it is done, returns an error, or the
// limit is over: what the last call found then stands. The time between two
// questions is first at the beginning and grows by half, with jitter. The error
// is ask's, or the cause of ctx.
func Until(ctx context.Context, first, limit time.Duration, ask func() (done bool, err error)) error {
	interval := backoff.NewExponentialBackOff()
	interval.InitialInterval, interval.MaxInterval = first, maxInterval
	for end := time.Now().Add(limit); ; {
		if done, err := ask(); done || err != nil {
			return err
		}
		wait := interval.NextBackOff()
		if time.Now().Add(wait).After(end) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// Package bench measures openlock against named tools on this machine, and
// writes what it found to docs/benchmarks.md. Every figure about speed is a
// ratio of medians of two programs that took turns in one run, so that what
// else the machine does meets both alike.
package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// command is a program to be measured.
type command struct {
	name string // as it is shown
	env  []string
	args []string
	code int // the exit code it has to end with
}

// pair is two commands that take turns.
type pair struct {
	name        string
	ours, other command
	bound       float64 // the ratio that is promised
	runs        int
}

// result is what a pair came to.
type result struct {
	pair
	oursMedian, otherMedian time.Duration
	ratio                   float64
}

// warmUps are runs of each command that do not count.
const warmUps = 3

func (p pair) measure(ctx context.Context) (result, error) {
	var ours, other []time.Duration
	for i := -warmUps; i < p.runs; i++ {
		// The one that goes first changes, for what the first does to the caches.
		turns := []func() error{
			func() error { return p.ours.time(ctx, i >= 0, &ours) },
			func() error { return p.other.time(ctx, i >= 0, &other) },
		}
		if i%2 != 0 {
			slices.Reverse(turns)
		}
		for _, t := range turns {
			if err := t(); err != nil {
				return result{}, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	r := result{pair: p, oursMedian: median(ours), otherMedian: median(other)}
	r.ratio = float64(r.oursMedian) / float64(r.otherMedian)
	return r, nil
}

// time runs a command once and, where it counts, keeps how long it took.
func (c command) time(ctx context.Context, counts bool, into *[]time.Duration) error {
	took, err := c.run(ctx)
	if err == nil && counts {
		*into = append(*into, took)
	}
	return err
}

func (c command) run(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	start := time.Now()
	_ = cmd.Run()
	took := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != c.code {
		return took, fmt.Errorf("%s ends with %v, want exit code %d", c.name, cmd.ProcessState, c.code)
	}
	return took, nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return (d[(len(d)-1)/2] + d[len(d)/2]) / 2
}

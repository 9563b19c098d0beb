package decisions

import (
	"context"
	"sync"
)

// Place is one cell's place in the table: a case, and who decides.
type Place struct {
	Case
	Column Column
}

func (p Place) String() string { return p.Case.String() + " × " + string(p.Column) }

// Places lists every cell, those first that wait longest.
func Places() []Place {
	var slow, quick []Place
	for _, c := range Cases() {
		for _, column := range Columns {
			if c.Step == "upload" || c.Want[column].Exit != 0 {
				slow = append(slow, Place{c, column})
			} else {
				quick = append(quick, Place{c, column})
			}
		}
	}
	return append(slow, quick...)
}

// atOnce is how many cells of a column are played at once. Questions and
// publishing wait for most of their time; engines work.
var atOnce = map[Column]int{Probe: 16, Exists: 16, EnsurePodman: 3, EnsureDocker: 3, Push: 12, Release: 12}

// Play plays cells, many at once, and reports each as it ends, one at a time.
func (p Parts) Play(ctx context.Context, places []Place, report func(Place, *Seen, error)) {
	var all, reporting sync.WaitGroup
	type result struct {
		place Place
		seen  *Seen
		err   error
	}
	results := make(chan result)
	reporting.Go(func() {
		for r := range results {
			report(r.place, r.seen, r.err)
		}
	})
	for column, n := range atOnce {
		queue := make(chan Place)
		go func() {
			defer close(queue)
			for _, at := range places {
				if at.Column == column {
					queue <- at
				}
			}
		}()
		for range n {
			all.Go(func() {
				for at := range queue {
					seen, err := p.Run(ctx, at.Case, at.Column)
					results <- result{at, seen, err}
				}
			})
		}
	}
	all.Wait()
	close(results)
	reporting.Wait()
}

package demo

import (
	"fmt"
	"text/tabwriter"
	"time"
)

// add shows a row as soon as it is there: some take seconds.
func (s *stage) add(r row) {
	s.rows = append(s.rows, r)
	fmt.Fprintf(s.out, "%s: %s in %s\n", r.step, r.outcome, round(r.took))
}

func (s *stage) table() error {
	fmt.Fprintf(s.out, "\n%s\n\n", s.ref)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tOUTCOME\tTOOK\tREQUESTS\tWHY")
	for _, r := range s.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.step, r.outcome, round(r.took), r.requests, r.why)
	}
	return w.Flush()
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

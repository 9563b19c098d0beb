package registry

import (
	"cmp"
	"context"
	"strings"

	"github.com/vessux/openlock/internal/sanitize"
)

// routes lists where a tag of a repository is asked for, in order: where the
// engine looks that is to pull, or at the repository itself.
func (o Options) routes(repository, tag string) ([]place, error) {
	if o.Access == nil || o.Access.Places == nil {
		at, err := o.placeAt(repository)
		return []place{at}, err
	}
	places, err := o.Access.Places(repository, tag)
	if err != nil {
		return nil, misconfigured("", err)
	}
	var all []place
	for _, p := range places {
		at, err := o.placeAt(p.Repository)
		if err != nil {
			return nil, misconfigured(p.File, err)
		}
		at.via = &p
		all = append(all, at)
	}
	return all, nil
}

func misconfigured(file string, err error) error {
	hint := "correct the engine's configuration, or choose another engine"
	if file != "" {
		hint = "correct " + sanitize.Line(file) + ", or choose another engine"
	}
	return &failure{state: StateUnreachable, reason: sanitize.Line(err.Error()), hint: hint, cause: err}
}

// probeAll asks the places of every source in order, until one has all that is
// required, and returns its answer; else what all the answers come to.
func (q Query) probeAll(ctx context.Context, o Options) (*Result, error) {
	sources := q.Sources
	if len(sources) == 0 {
		sources = []string{q.Ref.Repository}
	}
	var all []*Result
	for i, source := range sources {
		routes, err := o.routes(source, q.Ref.Tag)
		if f, ok := err.(*failure); ok {
			all = append(all, q.failed(f))
			continue
		}
		if err != nil {
			return nil, err
		}
		for k, at := range routes {
			res, err := q.probeAt(ctx, source, at, o, i < len(sources)-1 || k < len(routes)-1)
			if err != nil {
				return nil, err
			}
			if res.State == StateComplete || res.State == StateIncomplete && len(res.Missing) == 0 {
				res.Warnings = warningsOf(append(all, res))
				return res, nil
			}
			all = append(all, res)
		}
	}
	return summarize(all), nil
}

// failed is the result of a probe that a failure ended.
func (q Query) failed(f *failure) *Result {
	return &Result{Ref: q.Ref.String(), State: f.state, Missing: q.Platforms, Reason: f.reason, Hint: f.hint, RetryAfter: f.retryAfter, Err: f.cause}
}

// probeAt asks one place. Where another one follows, that is the second try.
func (q Query) probeAt(ctx context.Context, source string, at place, o Options, more bool) (*Result, error) {
	q.Ref.Repository = source
	if more {
		o.Retry.Tries = 1
	}
	res, err := probe(ctx, at, q, o)
	if err != nil {
		return nil, err
	}
	res.Source, res.ByTag = source, at.via != nil && at.via.TagsOnly
	if at.via != nil && (at.via.Mirror || at.repository() != source) {
		res.Place = at.repository()
	}
	return res, nil
}

// doubt ranks the states that lead to no pull: one registry that could not be
// asked outweighs another that has no image, since an outage never means absent.
func doubt(s State) int {
	switch s {
	case StateAbsent:
		return 0
	case StateIncomplete, StateComplete:
		return 1
	}
	return 2
}

// summarize returns the answer that decides where no place has the image: the
// first of the highest doubt, with the reasons of all.
func summarize(all []*Result) *Result {
	if len(all) == 1 {
		return all[0]
	}
	decides := all[0]
	var reasons []string
	for _, r := range all {
		if doubt(r.State) > doubt(decides.State) {
			decides = r
		}
		reasons = append(reasons, cmp.Or(r.Place, r.Source)+": "+cmp.Or(r.Reason, string(r.State)))
	}
	out := *decides
	out.Reason, out.Warnings = sanitize.Line(strings.Join(reasons, "; ")), warningsOf(all)
	return &out
}

func warningsOf(all []*Result) (warnings []string) {
	for _, r := range all {
		warnings = append(warnings, r.Warnings...)
	}
	return warnings
}

package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// Legacy reads, without any login, by which digests the early tags of the image
// are known in its repository, and prints them as the rows of
// sandbox/base/early.go. A tag that carries the label needs none, which notes
// tells. A digest that contradicts the table is an error: the tag was moved. The
// errors of all tags are joined.
func Legacy(ctx context.Context, b sandbox.Base, o registry.Options, rows, notes io.Writer) error {
	o.Anonymous = true
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(b.Early)) {
		digests, err := readEarly(ctx, tag.Ref{Repository: b.Repository, Tag: name}, o)
		known := b.Early[name]
		switch {
		case err != nil:
			failed = append(failed, err)
			continue
		case len(digests) == 0:
			fmt.Fprintf(notes, "openlock: tag %s carries the label: it needs no row\n", name)
			continue
		case len(known) > 0 && known[0] != digests[0]:
			failed = append(failed, &sandbox.StateError{
				State: registry.StateInvalid, Reason: fmt.Sprintf("tag %s is at %s, and the table has %s: it was moved", name, digests[0], known[0]),
				Remedy: "find out who moved the tag; a row of the table never changes",
			})
			continue
		}
		if _, err := fmt.Fprintf(rows, "\t%q: {\n\t\t\"%s\",\n\t},\n", name, strings.Join(digests, "\",\n\t\t\"")); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// readEarly returns the digests of a tag's index and of its images, or none
// where those carry the label. It looks twice: the second time by the digest that
// it has read, at everything but the label.
func readEarly(ctx context.Context, ref tag.Ref, o registry.Options) ([]string, error) {
	q := registry.Query{Ref: ref, Platforms: sandbox.Platforms()}
	res, err := registry.Probe(ctx, q, o)
	if err != nil || res.State == registry.StateComplete {
		return nil, err
	}
	if res.State == registry.StateInvalid && res.Digest != "" {
		q.Early = map[string][]string{ref.Tag: {res.Digest}}
		if res, err = registry.Probe(ctx, q, o); err != nil {
			return nil, err
		}
	}
	if res.State != registry.StateComplete {
		return nil, &sandbox.StateError{State: res.State, Reason: ref.String() + ": " + res.Reason, Remedy: res.Hint, Err: res.Err}
	}
	digests := []string{res.Digest}
	for _, c := range res.Children {
		digests = append(digests, c.Digest)
	}
	return digests, nil
}

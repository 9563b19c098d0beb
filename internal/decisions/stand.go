package decisions

import (
	"fmt"
	"net/http"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// stand is a real registry of its own for one cell, in the condition of a case.
type stand struct {
	file  []byte // a Containerfile that no other cell has
	real  *lab.Registry
	host  string // as clients know it; the registry's own, but where the connection is the fault
	close []func()

	ca      []byte            // PEM of what clients trust; nil: they need not
	proxies map[string]string // URLs by scheme; nil: none
}

// newStand starts a registry in the condition of a case.
func newStand(c Case, column Column) (*stand, error) {
	s := &stand{
		file: fmt.Appendf(nil, "FROM scratch\nLABEL case=%q column=%q\n", c, column),
		real: lab.StartRegistry(),
	}
	s.host = s.real.Host()
	s.close = append(s.close, s.real.Close)
	if c.set == nil {
		return s, fmt.Errorf("no function makes the case %q", c)
	}
	return s, c.set(s)
}

func (s *stand) end() {
	for _, f := range s.close {
		f()
	}
}

func (s *stand) base() sandbox.Base {
	return sandbox.Base{Containerfile: s.file, Repository: s.host + "/vessux/openlock-base"}
}

// tagged is the digest that the tag names; empty: nothing.
func (s *stand) tagged() string { return s.real.Digest("vessux/openlock-base", s.ref().Tag) }

// ref is the image's in the registry itself, whatever stands before it.
func (s *stand) ref() tag.Ref {
	return tag.Ref{Repository: s.real.Host() + "/vessux/openlock-base", Tag: tag.Of(s.file)}
}

// own is the host's platform, other the other one that is published.
var own, other = ownAndOther()

func ownAndOther() (own, other string) {
	for _, p := range sandbox.Platforms() {
		if p == sandbox.HostPlatform() {
			own = p
		} else {
			other = p
		}
	}
	return own, other
}

// breakWith publishes the image, but for a fault of uploads, and puts the
// fault in front of it.
func (s *stand) breakWith(f fault.Fault) error {
	if f.Step != fault.Upload {
		if _, err := s.publish(); err != nil {
			return err
		}
	}
	s.real.Wrap(func(inner http.Handler) http.Handler {
		if f.Step == fault.Token {
			inner = fault.Bearer(inner, fault.Private{Anonymous: true})
		}
		return fault.Handler(inner, f)
	})
	return nil
}

// behind gives the stand another address, and something to end with it.
func (s *stand) behind(host string, end func()) {
	s.host = host
	s.close = append(s.close, end)
}

// entries are the right image, for both platforms.
func (s *stand) entries() ([]lab.Entry, error) {
	var all []lab.Entry
	for _, p := range []string{own, other} {
		e, err := entry(p, p, tag.Identity(s.file))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// publish puts the right image into the registry.
func (s *stand) publish() ([]lab.Entry, error) {
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	return entries, push(s, entries...)
}

// entry is an image for a platform, under an index's entry for another.
func entry(claimed, platform, label string) (lab.Entry, error) {
	image, err := lab.Image(platform, label)
	return lab.Entry{Platform: claimed, Appendable: image}, err
}

func push(s *stand, entries ...lab.Entry) error {
	index, err := lab.Index(entries...)
	if err != nil {
		return err
	}
	return lab.Push(s.ref(), index)
}

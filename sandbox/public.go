package sandbox

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/poll"
	"github.com/vessux/openlock/sandbox/registry"
)

// CheckPublic checks that anonymous clients can pull the image for every
// platform now. It returns the digest of the index, sha256:…. The error is an
// [*InputError], a [*StateError] or ctx's cause.
func CheckPublic(ctx context.Context, b Base, o PublishOptions) (string, error) {
	p, err := newPublisher(b, o)
	if err != nil {
		return "", err
	}
	p.o.VisibilityTimeout = 0 // nothing was just pushed that could be seen late
	res, err := p.public(ctx, "")
	if err != nil {
		return "", err
	}
	return res.Digest, nil
}

// checkPublic checks that anonymous clients see what was published.
func (p *publisher) checkPublic(ctx context.Context, digest string) error {
	p.o.Notify(Notice{Text: fmt.Sprintf("checking that anonymous clients can pull %s", p.ref)})
	_, err := p.public(ctx, digest)
	return err
}

// public waits until anonymous clients see the tag complete and, where a digest is
// given, with it: equal digests are equal lists of children.
func (p *publisher) public(ctx context.Context, digest string) (*registry.Result, error) {
	o := p.o.Registry
	o.Anonymous = true
	q, err := p.query(p.o.Platforms)
	if err != nil {
		return nil, err
	}
	seen := func(r *registry.Result) bool {
		return r.State == registry.StateComplete && (digest == "" || r.Digest == digest)
	}
	start := time.Now()
	res, err := p.await(ctx, q, o, func(r *registry.Result) bool {
		return seen(r) || r.State == registry.StateDenied && time.Since(start) > lateness
	})
	switch {
	case err != nil:
		return nil, err
	case seen(res):
		return res, nil
	case res.State == registry.StateDenied:
		return nil, &StateError{
			State: registry.StateDenied, Remedy: publicHint(p.Repository),
			Reason: fmt.Sprintf("%s cannot be pulled without a login: its package is private or does not exist", p.ref),
		}
	case res.State == registry.StateComplete:
		return nil, &StateError{
			State: registry.StateInvalid, Reason: fmt.Sprintf("anonymous clients see %s at %s; expected %s", res.Digest, p.ref, digest),
			Remedy: "somebody else has published it at the same time, or a mirror is late: run it again",
		}
	}
	return nil, &StateError{State: res.State, Reason: fmt.Sprintf("%s for anonymous clients: %s", p.ref, res.Reason), Remedy: res.Hint, Err: res.Err}
}

// publicHint names the page on which a package is made public.
func publicHint(repository string) string {
	host, path, _ := strings.Cut(repository, "/")
	owner, name, found := strings.Cut(path, "/")
	if host != "ghcr.io" || !found {
		return "make the repository public at " + host + ", then run it again: what is published stays"
	}
	return fmt.Sprintf("make it public at https://github.com/orgs/%s/packages/container/%s/settings (a user's: /users/%s/… in place of /orgs/…), then run it again: what is published stays",
		owner, url.PathEscape(name), owner)
}

// firstWait is the time before the second question of [publisher.await]; then
// it grows up to 5 s. Tests shorten it.
var firstWait = 200 * time.Millisecond

// await asks until the answer will do, or the time for that is over, and
// returns the last answer.
func (p *publisher) await(ctx context.Context, q registry.Query, o registry.Options, will func(*registry.Result) bool) (res *registry.Result, err error) {
	err = poll.Until(ctx, firstWait, p.o.VisibilityTimeout, func() (bool, error) {
		if res, err = registry.Probe(ctx, q, o); err != nil {
			return false, err
		}
		return will(res), nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

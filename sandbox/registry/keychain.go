package registry

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/vessux/openlock/internal/login"
)

// credential is what requests are signed by; its zero value is none.
type credential struct{ login.Login }

func (c credential) anonymous() bool {
	return cmp.Or(c.Username, c.IdentityToken, c.RegistryToken) == ""
}

// minSecret is the length of a secret that is looked for, in bytes. A shorter
// one is in many a text by chance.
const minSecret = 6

// secrets are the parts of a login that must not be printed or sent on.
func (c credential) secrets() []string {
	all := []string{c.Secret, c.IdentityToken, c.RegistryToken, strings.TrimPrefix(c.basic(), "Basic ")}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < minSecret })
}

// withoutSecrets returns text with every secret taken out, in which a registry may
// have repeated what it was sent.
func withoutSecrets(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	return text
}

// maxLogins bounds the stored logins that are tried at one place.
const maxLogins = 4

// stored lists the logins for a place, and warns of those that cannot be used:
// those of the engine that is to pull, in its order, or else those of podman and
// then of docker.
func (o Options) stored(ctx context.Context, at place) (all []credential, warnings []string) {
	if o.Anonymous {
		return nil, nil
	}
	find := o.find
	if o.Access != nil && o.Access.Logins != nil {
		find = o.Access.Logins
	}
	logins, warnings := find(ctx, at.repository())
	for _, l := range logins[:min(len(logins), maxLogins)] {
		all = append(all, credential{l})
	}
	return all, warnings
}

// first is the login that is used where one has to do.
func (o Options) first(ctx context.Context, at place) (credential, []string) {
	all, warnings := o.stored(ctx, at)
	if len(all) == 0 {
		return credential{}, warnings
	}
	return all[0], warnings
}

// everyLogin returns what finds the logins that podman and docker have stored on
// this machine. A helper that has hung is asked by neither again.
func everyLogin() func(ctx context.Context, repository string) ([]login.Login, []string) {
	finder := &login.Finder{Machine: login.Host()}
	var mu sync.Mutex
	return func(ctx context.Context, repository string) (all []login.Login, warnings []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, finder.Engine = range []login.Engine{login.Podman, login.Docker} {
			more, warn := finder.Find(ctx, repository)
			for _, l := range more {
				if !slices.Contains(all, l) {
					all = append(all, l)
				}
			}
			for _, w := range warn {
				if !slices.Contains(warnings, w) {
					warnings = append(warnings, w)
				}
			}
		}
		return all, warnings
	}
}

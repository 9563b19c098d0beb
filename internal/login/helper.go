package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	helperPrefix = "docker-credential-"
	// helperLimit is what a helper has for its answer. It is short, since a
	// helper may wait for a person who is not at this terminal.
	helperLimit = 2*time.Second - leftoverWait
)

// ask asks a credential helper, by the protocol of docker-credential-helpers.
// An empty login is none. An error is among the warnings.
func (s *search) ask(helper, of, host string) (Login, error) {
	source := fmt.Sprintf("helper %s of %s", helper, of)
	got, err := s.askOnce(helper, host)
	if err != nil {
		if !errors.Is(err, errHung) {
			s.warn("credential %s gives no login for %s: %v", source, host, err)
		}
		return Login{}, err
	}
	l := Login{Username: got.Username, Secret: got.Secret, Source: source, Key: host}
	if got.Username == "<token>" {
		l.Username, l.Secret, l.IdentityToken = "", "", got.Secret
	}
	return l, nil
}

// errHung is said once, by errNoAnswer.
var (
	errHung     = errors.New("it has hung before")
	errNoAnswer = errors.New("no answer within 2s")
)

type answer struct{ Username, Secret string }

func (s *search) askOnce(helper, host string) (answer, error) {
	if strings.ContainsAny(helper, `/\`) {
		return answer{}, errors.New("its name is a path")
	}
	if s.hasHung(helper) {
		return answer{}, errHung
	}
	ctx, cancel := context.WithTimeout(s.ctx, helperLimit)
	defer cancel()
	out, err := s.Machine.RunHelper(ctx, helperPrefix+helper, host)
	switch {
	case err == nil:
	case s.ctx.Err() != nil:
		return answer{}, s.ctx.Err()
	case ctx.Err() != nil:
		s.setHung(helper)
		return answer{}, errNoAnswer
	case errors.Is(err, exec.ErrNotFound):
		return answer{}, fmt.Errorf("%s%s is not in PATH", helperPrefix, helper)
	case bytes.Contains(bytes.ToLower(out), []byte("credentials not found")):
		return answer{}, nil
	default:
		return answer{}, err
	}
	var a answer
	if json.Unmarshal(out, &a) != nil { // out is never shown: it holds the secret
		return answer{}, errors.New("its answer is not JSON")
	}
	return a, nil
}

func (f *Finder) hasHung(helper string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hung[helper]
}

func (f *Finder) setHung(helper string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hung == nil {
		f.hung = map[string]bool{}
	}
	f.hung[helper] = true
}

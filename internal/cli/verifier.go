package cli

import (
	"fmt"

	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/signature"
)

// verifyOff is the policy that wants no signature, whatever else is set.
const verifyOff = "off"

// Verifier returns what the settings want published images verified by; nil:
// nothing. Its callers are about to need it, and the files it names. It tells
// which program verifies.
func (a *App) Verifier(s Settings) (sandbox.Verifier, error) {
	if !s.verify.set || s.verify.text == verifyOff {
		return nil, nil
	}
	p, err := signature.Parse(s.verify.text, func(path string) ([]byte, error) {
		return smallfile.Read(s.verify.path(path))
	})
	if err != nil {
		return nil, &UsageError{
			Err:    fmt.Errorf("verify: %w", s.verify.wrap(err)),
			Remedy: "for example --verify key=cosign.pub, or --verify certificate-identity=WHO,certificate-oidc-issuer=URL; --verify off wants none",
		}
	}
	return &signature.Verifier{Policy: p, Timeout: s.verifyTimeout, Registry: s.Registry, Using: a.using}, nil
}

// using remembers the program that verifies, and tells of it once.
func (a *App) using(path string) {
	if path != a.verifier {
		a.verifier = path
		a.Notify(sandbox.Notice{Text: "signatures are verified by " + path})
	}
}

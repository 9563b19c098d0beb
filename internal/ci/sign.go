package ci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/cosign"
	"github.com/vessux/openlock/internal/poll"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// signSetting is the setting that says what signs.
const signSetting = "SIGN"

// SignJSON is the JSON of release:sign.
type SignJSON struct {
	Ref     string `json:"ref"`
	Digest  string `json:"digest"`  // of the index, that is signed; empty where nothing is
	Outcome string `json:"outcome"` // signed or skipped
	Reason  string `json:"reason"`
}

// Sign has cosign sign what is published, by its digest, where that is asked
// for. With a policy to verify by, what is signed so already is not signed
// again, and what was signed is verified.
func Sign(ctx context.Context, a *cli.App) error {
	s, err := a.Start()
	if err != nil {
		return err
	}
	ref, err := s.Base.Ref()
	if err != nil {
		return err
	}
	out := SignJSON{Ref: ref.String(), Outcome: "skipped", Reason: signWord(a) + " is not set; not signing"}
	if s.Sign != "" && s.Sign != "off" {
		if out, err = sign(ctx, a, s); err != nil {
			return cli.Ends(ctx, err)
		}
	}
	a.Announce(fmt.Sprintf("%s %s: %s", out.Outcome, ref, out.Reason))
	return a.Print(ref.String(), out)
}

// signWord is what the user sets to have something signed.
func signWord(a *cli.App) string { return cmp.Or(a.Program.Variable(signSetting), "-sign") }

func sign(ctx context.Context, a *cli.App, s cli.Settings) (SignJSON, error) {
	if err := cosign.CheckSigner(s.Sign); err != nil {
		return SignJSON{}, &cli.UsageError{Err: err, Remedy: signWord(a) + " is keyless, or a key as cosign names them, such as cosign.key or env://COSIGN_PRIVATE_KEY"}
	}
	verifier, err := a.Verifier(s)
	if err != nil {
		return SignJSON{}, err
	}
	subject, err := published(ctx, s)
	if err != nil {
		return SignJSON{}, err
	}
	out := SignJSON{Ref: subject.Ref.String(), Digest: subject.Digest, Outcome: "skipped", Reason: "it is signed so already"}
	if verifier != nil {
		err := verifier.Verify(ctx, subject)
		if e := new(signature.Error); err == nil || errors.As(err, &e) && e.Unable {
			return out, err
		}
	}
	out.Outcome, out.Reason = "signed", subject.Digest+" by "+sanitize.Line(s.Sign)
	err = cosign.Sign(ctx, subject.Ref.Repository+"@"+subject.Digest, s.Sign, cli.NewHeld(a.Err, a.Quiet))
	if errors.Is(err, cosign.ErrNoCosign) {
		err = &cli.UsageError{Err: err, Remedy: "see https://docs.sigstore.dev/cosign/system_config/installation/"}
	}
	if err != nil || verifier == nil {
		return out, err
	}
	return out, seen(ctx, verifier, subject)
}

// published is the image in its registry, whole, and of that digest where one
// is given: what another publisher put there is not signed.
func published(ctx context.Context, s cli.Settings) (signature.Subject, error) {
	s.Registry.Retry = registry.CIRetry
	res, err := sandbox.Exists(ctx, s.Base, nil, s.Registry)
	if err != nil {
		return signature.Subject{}, err
	}
	ref, err := s.Base.Ref()
	switch {
	case err != nil:
		return signature.Subject{}, err
	case res.State != registry.StateComplete:
		return signature.Subject{}, &sandbox.StateError{State: res.State, Reason: fmt.Sprintf("%s: %s; not signing", ref, res.Reason), Remedy: res.Hint, Err: res.Err}
	case s.Digest != "" && res.Digest != s.Digest:
		return signature.Subject{}, &sandbox.StateError{
			State: registry.StateInvalid, Reason: fmt.Sprintf("%s is at %s, expected %s; not signing", ref, res.Digest, s.Digest),
			Remedy: "another run published it: inspect the image before you sign it",
		}
	}
	return signature.Subject{Ref: ref, Digest: res.Digest, Identity: s.Base.Identity(), Platform: sandbox.HostPlatform()}, nil
}

// seenWithin is how late a registry may show a signature.
const seenWithin = 10 * time.Second

// seen waits until what was signed verifies.
func seen(ctx context.Context, v sandbox.Verifier, s signature.Subject) (err error) {
	ended := poll.Until(ctx, time.Second, seenWithin, func() (bool, error) {
		err = v.Verify(ctx, s)
		return err == nil, nil
	})
	return cmp.Or(ended, err)
}

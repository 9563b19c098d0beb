package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/github"
	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/smallfile"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/sandbox/tag"
	"github.com/vessux/openlock/tools/verify/internal/verify"
)

// verdictJSON is the JSON of a verdict.
type verdictJSON struct {
	Ref    string `json:"ref"`
	Digest string `json:"digest"` // sha256:…, that is signed
	Format string `json:"format"` // of the signature: classic or bundle
	Signer string `json:"signer"` // the key's SHA-256, or identity and issuer
}

// run is the program without its process; it returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	out, errOut = github.Plain(out), github.Plain(errOut)
	c := &program{out: out}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil && !c.started {
		err = &cli.UsageError{Err: err, Remedy: "see `" + signature.ProgramName + " --help`"}
	}
	cli.Report(errOut, signature.ProgramName, err)
	return cli.ExitCode(err)
}

type program struct {
	out     io.Writer
	started bool // the command line was right
	json    bool
	request verify.Request
	policy  signature.Policy
	key     string // path
	trusted string // path
	options registry.Options
	timeout time.Duration // of everything
}

func (c *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   signature.ProgramName + " REF@DIGEST", // REF is repository:tag, or with --identity the repository
		Short: "Tell whether a published base image is signed as it has to be",
		Long: `Openlock-verify ends with 0 only where the image is in its registry, whole, with
a label that belongs to its tag, and signed: by a key (--key, offline), or by a
certificate for an identity that an issuer vouched for. It knows the signatures
of cosign 2 and 3.

Exit codes: 0 verified, 1 failed, 2 usage or bad input, 3 absent, 4 incomplete,
5 denied, 6 unreachable or throttled, 7 not verified, 130 interrupted.`,
		Version:       version(),
		Args:          cobra.ExactArgs(1),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, args []string) error { return c.verify(cmd.Context(), args[0]) },
	}
	f := root.Flags()
	f.StringVar(&c.key, "key", "", "public key, a file in PEM such as cosign.pub")
	f.StringVar(&c.policy.CertificateIdentity, "certificate-identity", "", "subject of the signer's certificate")
	f.StringVar(&c.policy.CertificateIdentityRegexp, "certificate-identity-regexp", "", "the same as a regular expression for all of it")
	f.StringVar(&c.policy.CertificateIssuer, "certificate-oidc-issuer", "", "URL of who vouched for the identity")
	f.StringVar(&c.policy.CertificateIssuerRegexp, "certificate-oidc-issuer-regexp", "", "the same as a regular expression for all of it")
	f.StringVar(&c.trusted, "trusted-root", "", "trusted_root.json (default Sigstore's public one, fetched)")
	f.StringVar(&c.request.Identity, "identity", "", "SHA-256 of the Containerfile, 64 hex digits (default any with the ref's tag)")
	f.StringSliceVar(&c.request.Platforms, "platform", sandbox.Platforms(), "platform that has to be there, repeatable")
	f.DurationVar(&c.options.ConnectTimeout, "connect-timeout", limit.Connect, "for a connection to the registry")
	f.DurationVar(&c.options.HeaderTimeout, "header-timeout", limit.Header, "for the registry to begin an answer")
	f.DurationVar(&c.options.Timeout, "probe-timeout", limit.Probe, "for all questions about the image itself")
	f.DurationVar(&c.timeout, "timeout", limit.Verify, "for everything")
	f.BoolVar(&c.json, "json", false, "print one JSON object")
	return root
}

// version is the module's, "(devel)" when built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func (c *program) verify(ctx context.Context, subject string) error {
	c.started = true
	if err := c.read(subject); err != nil {
		return &cli.UsageError{Err: err, Remedy: "for example: " + signature.ProgramName + " ghcr.io/vessux/openlock-base:TAG@sha256:… --key cosign.pub"}
	}
	// A registry can offer many signatures, and begin answers that have no end.
	bounded, cancel := context.WithTimeoutCause(ctx, c.timeout, &registry.Error{
		State: registry.StateUnreachable, Reason: fmt.Sprintf("not done within %s", c.timeout), Remedy: "allow more with --timeout",
	})
	defer cancel()
	v, err := verify.Image(bounded, c.request, &c.policy, c.options)
	if wrong := new(verify.PolicyError); errors.As(err, &wrong) {
		return &cli.UsageError{Err: err} // no remedy: the error names the flag and what is wrong with it
	}
	if err != nil {
		return cli.Ends(ctx, err)
	}
	text := subject
	if c.json {
		b, err := json.Marshal(verdictJSON{c.request.Ref.String(), c.request.Digest, string(v.Format), v.Signer})
		if err != nil {
			return err
		}
		text = string(b)
	}
	_, err = fmt.Fprintln(c.out, text)
	return err
}

// read checks everything before anybody is asked.
func (c *program) read(subject string) (err error) {
	ref, digest, found := strings.Cut(subject, "@")
	if h, hashErr := v1.NewHash(digest); !found || hashErr != nil || h.Algorithm != "sha256" {
		return fmt.Errorf("%q has no digest: a tag can move, so want REF@sha256:<64 hex digits>", subject)
	}
	id := c.request.Identity
	if id != "" && !tag.IsIdentity(id) {
		return fmt.Errorf("--identity %q is not 64 hex digits (a signer's identity is --certificate-identity)", id)
	}
	if id != "" && tag.CheckRepository(ref) == nil {
		ref += ":" + id[:tag.Length] // the label has to be of something
	}
	if c.request.Ref, err = tag.Parse(ref); err != nil {
		return err
	}
	c.request.Digest = digest
	for i, p := range c.request.Platforms {
		if c.request.Platforms[i], err = platform.Normalize(p); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		path string
		to   *[]byte
	}{{c.key, &c.policy.Key}, {c.trusted, &c.policy.TrustedRoot}} {
		if f.path == "" {
			continue
		}
		if *f.to, err = smallfile.Read(f.path); err != nil {
			return err
		}
		if len(*f.to) == 0 {
			return errors.New(f.path + " is empty")
		}
	}
	return c.policy.Check()
}

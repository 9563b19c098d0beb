package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// errPrinted ends a command after --print-base-tag: all is said and done.
var errPrinted = errors.New("printed")

// Run is the program without its process: it reads args, does the work and
// returns what [Report] and [ExitCode] take.
func Run(ctx context.Context, args []string, out, errOut io.Writer) error {
	c := &commandLine{app: App{Program: Openlock, Out: out, Err: errOut}}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case errors.Is(err, errPrinted):
		return nil
	case err != nil && !c.started:
		// Whatever cobra says before a verb runs is about the command line.
		if usage := new(UsageError); errors.As(err, &usage) {
			return err
		}
		return &UsageError{Err: err, Remedy: "see `openlock --help`"}
	}
	return err
}

// commandLine is the command line's state during one run.
type commandLine struct {
	app     App
	started bool // a verb runs, so the command line was right
	flags   struct {
		repository, containerfile, runtime, platform string
		connect, header, probe, pull, build          string
		verify, verifyTimeout                        string
		printTag                                     bool
	}
}

func (c *commandLine) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "openlock",
		Short: "Find, fetch or build the base image of openlock's sandboxes",
		Long: `Openlock has the base image of its sandboxes ready on this machine: the one
that is there, or a pull, or a build. The image is found by content: its tag is
the first 12 hex digits of the SHA-256 of its Containerfile.

Standard output carries data only. Exit codes: 0 done, 1 failed, 2 usage or bad
input, 3 absent, 4 incomplete, 5 denied, 6 unreachable or throttled, 7 invalid,
130 interrupted.`,
		Args:              c.noCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: c.start,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&c.flags.repository, "repository", "", "repository of the image, host/path ($OPENLOCK_BASE_REPOSITORY)")
	f.StringVar(&c.flags.containerfile, "containerfile", "", "Containerfile in place of the embedded one ($OPENLOCK_BASE_CONTAINERFILE)")
	f.BoolVar(&c.flags.printTag, "print-base-tag", false, "print the ref of the base image as openlock tag does, and do nothing else")
	root.AddCommand(c.tag(), c.exists(), c.ensure(), c.build(), c.plan(), c.version())
	return root
}

// noCommand refuses what is no command of ours. What stands behind "--" is
// somebody else's, so --print-base-tag there is not a flag, and in front of it
// does not care what follows.
func (c *commandLine) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || c.flags.printTag {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		return &UsageError{Err: err, Remedy: "did you mean `openlock " + s[0] + "`?"}
	}
	return err
}

// start runs between cobra's checks and the verb.
func (c *commandLine) start(cmd *cobra.Command, _ []string) error {
	c.started = true
	c.app.Flags = c.given(cmd.Flags())
	if c.flags.printTag {
		if err := c.app.Tag(false, false); err != nil {
			return err
		}
		return errPrinted
	}
	return nil
}

// given tells the flags that were given from those that were not.
func (c *commandLine) given(f *pflag.FlagSet) Flags {
	at := func(name string, v *string) *string {
		if f.Changed(name) {
			return v
		}
		return nil
	}
	return Flags{
		Repository:     at("repository", &c.flags.repository),
		Containerfile:  at("containerfile", &c.flags.containerfile),
		Runtime:        at("runtime", &c.flags.runtime),
		Platform:       at("platform", &c.flags.platform),
		ConnectTimeout: at("connect-timeout", &c.flags.connect),
		HeaderTimeout:  at("header-timeout", &c.flags.header),
		ProbeTimeout:   at("probe-timeout", &c.flags.probe),
		PullTimeout:    at("pull-timeout", &c.flags.pull),
		BuildTimeout:   at("build-timeout", &c.flags.build),
		Verify:         at("verify", &c.flags.verify),
		VerifyTimeout:  at("verify-timeout", &c.flags.verifyTimeout),
	}
}

func (c *commandLine) tag() *cobra.Command {
	var short, full bool
	cmd := &cobra.Command{
		Use:   "tag",
		Short: "Print the ref of the base image",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return c.app.Tag(short, full) },
	}
	cmd.Flags().BoolVar(&short, "short", false, "print the tag only, 12 hex digits")
	cmd.Flags().BoolVar(&full, "full", false, "print the identity only, the whole SHA-256 in 64 hex digits")
	c.jsonFlag(cmd)
	return cmd
}

func (c *commandLine) exists() *cobra.Command {
	var platforms []string
	cmd := &cobra.Command{
		Use:   "exists",
		Short: "Print what the registry has of the base image",
		Long: `Exists prints the state of the base image in its registry, and ends with its
exit code: complete 0, absent 3, incomplete 4, denied 5, unreachable 6,
throttled 6, invalid 7.`,
		Args: cobra.NoArgs,
		RunE: interruptible(func(ctx context.Context) error {
			c.app.Flags.Platform = nil // the flag is about what is published, not about this machine
			return c.app.Exists(ctx, platforms)
		}),
	}
	cmd.Flags().StringSliceVar(&platforms, "platform", nil, "platform that has to be there, repeatable (default linux/amd64, linux/arm64)")
	c.jsonFlag(cmd)
	c.timeoutFlags(cmd)
	return cmd
}

func (c *commandLine) ensure() *cobra.Command {
	var p Policies
	cmd := &cobra.Command{
		Use:   "ensure",
		Short: "Have the base image here: use it, pull it, or build it; print its ref",
		Args:  cobra.NoArgs,
		RunE:  interruptible(func(ctx context.Context) error { return c.app.Ensure(ctx, p) }),
	}
	policyFlags(cmd, &p)
	c.verifyFlags(cmd)
	c.engineFlags(cmd)
	c.jsonFlag(cmd)
	c.quietFlag(cmd)
	c.timeoutFlags(cmd)
	cmd.Flags().StringVar(&c.flags.pull, "pull-timeout", "", "for the engine to pull (default 20m, $OPENLOCK_PULL_TIMEOUT)")
	c.buildTimeoutFlag(cmd)
	return cmd
}

func (c *commandLine) build() *cobra.Command {
	var noCache bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the base image here, wherever else it is; print its ref",
		Args:  cobra.NoArgs,
		RunE:  interruptible(func(ctx context.Context) error { return c.app.Build(ctx, noCache) }),
	}
	cmd.Flags().BoolVar(&noCache, "no-cache", false, "run every step again")
	c.engineFlags(cmd)
	c.jsonFlag(cmd)
	c.quietFlag(cmd)
	c.buildTimeoutFlag(cmd)
	return cmd
}

func (c *commandLine) plan() *cobra.Command {
	var p Policies
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Print what ensure would do, and why",
		Args:  cobra.NoArgs,
		RunE:  interruptible(func(ctx context.Context) error { return c.app.Plan(ctx, p) }),
	}
	policyFlags(cmd, &p)
	c.verifyFlags(cmd)
	c.engineFlags(cmd)
	c.jsonFlag(cmd)
	c.timeoutFlags(cmd)
	return cmd
}

func (c *commandLine) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the embedded tag",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return c.app.Version() },
	}
	c.jsonFlag(cmd)
	return cmd
}

// interruptible runs a verb that a signal interrupts; a second signal ends the
// program at once. Other verbs do without: handling signals starts threads,
// which takes longer than those verbs do.
func interruptible(run func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop)
		return run(ctx)
	}
}

func policyFlags(cmd *cobra.Command, p *Policies) {
	cmd.Flags().StringVar(&p.Pull, "pull", "missing", "when to pull: missing, always or never")
	cmd.Flags().StringVar(&p.Build, "build", "missing", "when to build: missing, always or never")
}

func (c *commandLine) engineFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.flags.runtime, "runtime", "", "container engine: auto, podman or docker ($OPENLOCK_RUNTIME)")
	cmd.Flags().StringVar(&c.flags.platform, "platform", "", "platform of the image (default linux on this machine's architecture, $OPENLOCK_PLATFORM)")
}

func (c *commandLine) verifyFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.flags.verify, "verify", "", "signature that a published image has to carry: key=FILE, or certificate-identity=WHO,certificate-oidc-issuer=URL, or off ($OPENLOCK_VERIFY)")
	f.StringVar(&c.flags.verifyTimeout, "verify-timeout", "", "for a verification (default 1m, $OPENLOCK_VERIFY_TIMEOUT)")
}

func (c *commandLine) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.app.JSON, "json", false, "print one JSON object")
}

func (c *commandLine) quietFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.app.Quiet, "quiet", "q", false, "say only what went wrong")
}

func (c *commandLine) timeoutFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.flags.connect, "connect-timeout", "", "for a connection to the registry (default 2s, $OPENLOCK_CONNECT_TIMEOUT)")
	f.StringVar(&c.flags.header, "header-timeout", "", "for the registry to begin an answer (default 3s, $OPENLOCK_HEADER_TIMEOUT)")
	f.StringVar(&c.flags.probe, "probe-timeout", "", "for all questions to the registry (default 8s, $OPENLOCK_PROBE_TIMEOUT)")
}

func (c *commandLine) buildTimeoutFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.flags.build, "build-timeout", "", "for the engine to build (default 90m, $OPENLOCK_BUILD_TIMEOUT)")
}

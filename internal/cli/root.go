package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/vessux/openlock/internal/github"
)

// verbs are the commands, in the order of help.
var verbs = []func(*App) verb{tagVerb, existsVerb, ensureVerb, buildVerb, planVerb, versionVerb}

// errPrinted ends a command after --print-base-tag: all is said and done.
var errPrinted = errors.New("printed")

// Run is the program without its process: it reads args, does the work and
// returns what [Report] and [ExitCode] take.
func Run(ctx context.Context, args []string, out, errOut io.Writer) error {
	out, errOut = github.Plain(out), github.Plain(errOut)
	c := &commandLine{app: App{Program: Openlock, Out: out, Err: errOut, Flags: Flags{}}}
	root := c.root(args)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil {
		OutlivePipes() // the exit code counts, whether or not the message is read
	}
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
	app      App
	started  bool // a verb runs, so the command line was right
	printTag bool
}

// root is the command line's tree. Where the first argument names a verb, the
// tree is of that one alone: to make the others takes longer than tag does.
func (c *commandLine) root(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "openlock",
		Short: "Find, fetch or build the base image of openlock's sandboxes",
		Long: `Openlock ensures that the base image of its sandboxes exists on this machine: it
uses the local image, pulls it, or builds it. The image is found by content: its
tag is the first 12 hex digits of the SHA-256 of its Containerfile.

Standard output carries data only. Exit codes: 0 done, 1 failed, 2 usage, bad
input or missing prerequisite, 3 absent, 4 incomplete, 5 denied, 6 unreachable or
throttled, 7 invalid or verification failed, 130 interrupted.`,
		Args:              c.noCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: c.start,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.app.addSettings(root, root.PersistentFlags(), everyVerb)
	root.PersistentFlags().BoolVar(&c.printTag, "print-base-tag", false, "print the ref of the base image as openlock tag does, and do nothing else")
	for _, v := range verbs {
		if v := v(&c.app); len(args) > 0 && v.use == args[0] {
			root.CompletionOptions.DisableDefaultCmd = true
			root.SetHelpCommand(&cobra.Command{Hidden: true})
			root.AddCommand(v.command(&c.app))
			return root
		}
	}
	for _, v := range verbs {
		root.AddCommand(v(&c.app).command(&c.app))
	}
	return root
}

// noCommand refuses what is no command of ours. What stands behind "--" is
// somebody else's, so --print-base-tag there is not a flag, and in front of it
// does not care what follows.
func (c *commandLine) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || c.printTag {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		return &UsageError{Err: err, Remedy: "did you mean `openlock " + s[0] + "`?"}
	}
	return err
}

// start runs between cobra's checks and the verb.
func (c *commandLine) start(*cobra.Command, []string) error {
	c.started = true
	if c.printTag {
		if err := c.app.Tag(false, false); err != nil {
			return err
		}
		return errPrinted
	}
	return nil
}

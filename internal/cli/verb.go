package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A verb is one command of the host binary. Each has a file of its own, and a
// line in [verbs].
type verb struct {
	use, short, long string
	settings         []string // names in the table, beside those of every verb
	flags            func(*pflag.FlagSet)
	run              func(context.Context) error
	// instant verbs ask no engine and no registry, so they handle no signals: see
	// [interruptible].
	instant bool
}

// everyVerb names the settings that each verb takes.
var everyVerb = []string{"repository", "containerfile"}

func (v verb) command(a *App) *cobra.Command {
	cmd := &cobra.Command{Use: v.use, Short: v.short, Long: v.long, Args: cobra.NoArgs, RunE: interruptible(v.run)}
	if v.instant {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return v.run(cmd.Context()) }
	}
	if v.flags != nil {
		v.flags(cmd.Flags())
	}
	a.addSettings(cmd, cmd.Flags(), v.settings)
	cmd.Flags().BoolVar(&a.JSON, "json", false, "print one JSON object")
	return cmd
}

// addSettings makes flags of rows of the table.
func (a *App) addSettings(cmd *cobra.Command, f *pflag.FlagSet, names []string) {
	for _, name := range names {
		r := row(name)
		f.Var(&flagValue{a.Flags, r}, r.flag, r.usage(a.Program))
		if !r.files {
			// It fails for a flag that there is not, and for the same flag twice.
			_ = cmd.RegisterFlagCompletionFunc(r.flag, cobra.FixedCompletions(r.values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

// quietFlag is that of the verbs that have an engine work.
func (a *App) quietFlag(f *pflag.FlagSet) {
	f.BoolVarP(&a.Quiet, "quiet", "q", false, "print errors and warnings only")
}

// flagValue is a setting on the command line. It is checked with all others,
// in [Flags.resolve].
type flagValue struct {
	flags Flags
	row   *setting
}

func (v *flagValue) Type() string { return v.row.kind }

// String returns no default: the text of help has it.
func (v *flagValue) String() string { return "" }

func (v *flagValue) Set(text string) error {
	if before := v.flags[v.row.name()]; before != nil && v.row.list {
		if *before == "" || text == "" {
			text = "" // joined to others, an empty value would not be seen
		} else {
			text = *before + "," + text
		}
	}
	v.flags[v.row.name()] = &text
	return nil
}

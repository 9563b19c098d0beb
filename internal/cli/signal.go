package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Interruptible returns a context that ends with a signal that would end the
// program: SIGINT, SIGTERM, and SIGHUP unless it is ignored, as under nohup. So
// a build is stopped and what is temporary is removed. A second signal ends the
// program at once. Call stop when the work is done.
func Interruptible(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop = signal.NotifyContext(ctx, signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// interruptible runs a verb that a signal interrupts. Other verbs do without:
// handling signals starts threads, which takes longer than those verbs do.
func interruptible(run func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		OutlivePipes()
		ctx, stop := Interruptible(cmd.Context())
		defer stop()
		return run(ctx)
	}
}

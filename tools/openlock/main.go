// Openlock is the host binary: it finds, fetches or builds the base image of
// the sandboxes. See the repository's README.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/vessux/openlock/tools/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	command.Report(os.Stderr, command.Openlock.Name, err)
	os.Exit(command.ExitCode(err))
}

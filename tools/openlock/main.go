// Openlock is the host binary: it finds, fetches or builds the base image of
// the sandboxes. See the repository's README.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/vessux/openlock/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	err := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cli.Report(os.Stderr, cli.Openlock.Name, err)
	os.Exit(cli.ExitCode(err))
}

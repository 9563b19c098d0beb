// Openlock is the host binary: it finds, fetches or builds the base image of
// the sandboxes. See the repository's README.
package main

import (
	"context"
	"os"

	"github.com/vessux/openlock/internal/cli"
)

func main() {
	err := cli.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	cli.Report(os.Stderr, cli.Openlock.Name, err)
	os.Exit(cli.ExitCode(err))
}

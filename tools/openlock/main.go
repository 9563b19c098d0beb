// Openlock is the host binary: it finds, fetches or builds the base image of
// the sandboxes. See the repository's README.
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/vessux/openlock/internal/cli"
)

func main() {
	// Go's own log has lines of net/http's, in another voice, with a registry's words.
	log.SetOutput(io.Discard)
	err := cli.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	cli.Report(os.Stderr, cli.Openlock.Name, err)
	os.Exit(cli.ExitCode(err))
}

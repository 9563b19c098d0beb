// Openlock-verify tells whether a published base image is signed as it has to
// be. Openlock runs it between looking and pulling, with --verify; it works by
// itself too.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Go's own log has lines of net/http's and cosign's, in another voice, with a registry's words.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

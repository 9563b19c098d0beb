package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// OutlivePipes has a write to standard output or standard error fail where its
// reader is gone. Without it, the signal of that ends the program, and the
// work with it.
func OutlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

//go:build ignore

// Zero-install entry to the Mage targets: `go run magefile.go TARGET…`. It
// needs nothing but Go. `go tool mage TARGET` does the same and keeps exit
// codes apart, which `go run` turns into 1.
package main

import (
	"os"

	"github.com/vessux/openlock/internal/dev/launch"
)

func main() { os.Exit(launch.Mage()) }

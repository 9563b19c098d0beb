// Mage is what `go tool mage` runs: mage, also where there is no home.
package main

import (
	"os"

	"github.com/vessux/openlock/internal/dev/launch"
)

func main() { os.Exit(launch.Mage()) }

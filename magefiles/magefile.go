//go:build mage

// The targets of this repository: those about the base image, which other
// repositories can import too, and the repository's own.
package main

import (
	//mage:import
	_ "github.com/vessux/openlock/magefiles/base"
	//mage:import
	_ "github.com/vessux/openlock/magefiles/internal/repo"
)

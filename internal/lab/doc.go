// Package lab is every real part that openlock is tried on: container
// engines, builders, emulation and registries. It installs them (the targets
// setup and lab), and starts them beside whatever else a machine runs: each
// with its own directory, socket and port, so that nothing of the user's is
// touched and nothing is left behind.
//
// Tests use it through package labtest; the demo and the benchmarks use it as
// it is.
package lab

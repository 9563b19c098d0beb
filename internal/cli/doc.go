// Package cli is what the host binary openlock and the Mage targets have
// in common: the same words, settings, JSON and exit codes, whichever of the
// two is called. Each verb is a method of [App] that reads its settings, calls
// package sandbox and prints the outcome.
//
// Standard output carries data only: a ref, a state or JSON. All else goes to
// standard error, in one voice; see voice.go.
package cli

// Package decisions is the table of what openlock decides when a registry
// fails, in CI and on hosts: one table, which the test of this package proves
// cell by cell on real engines and builders, and from which
// docs/decisions.md is made.
package decisions

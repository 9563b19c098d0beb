// Package ci is what publishing takes: push, the targets of release, lint and
// reproduce. It has builders and BuildKit's parser behind it, which the host
// binary never links. Words, settings, JSON and exit codes are those of package
// cli.
package ci

// Package label words an image's label [tag.Label] for messages.
package label

import "github.com/vessux/openlock/sandbox/tag"

// Suffix is the end of a message about an image's label: the label, where it is
// the identity of some Containerfile; else nothing, since other text is
// somebody's own and not to be repeated.
func Suffix(label string) string {
	if tag.IsIdentity(label) {
		return " (label " + label + ")"
	}
	return ""
}

package tag

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Label is the key of the image label that holds the identity (64 lower-case
// hex digits) of the Containerfile that the image was built from.
const Label = "io.github.vessux.openlock.base.sha256"

// Length is the number of hex digits in a tag.
const Length = 12

// Identity returns the lower-case hex SHA-256 of a Containerfile's bytes: 64
// digits.
func Identity(containerfile []byte) string {
	sum := sha256.Sum256(containerfile)
	return hex.EncodeToString(sum[:])
}

// IsIdentity reports whether s has the form of an [Identity]: 64 lower-case hex
// digits.
func IsIdentity(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// Of returns the tag of a Containerfile's bytes: the first [Length] digits of
// their [Identity].
func Of(containerfile []byte) string {
	return Identity(containerfile)[:Length]
}

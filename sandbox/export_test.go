package sandbox

import (
	"testing"
	"time"
)

// ShortenWaits lets the tests of what registries show late run at once.
func ShortenWaits() { firstWait = time.Millisecond }

// BelieveAtOnce has the first answer of a registry believed, during a test.
func BelieveAtOnce(t *testing.T) {
	before := lateness
	lateness = -1
	t.Cleanup(func() { lateness = before })
}

// PublicHint is publicHint, for tests.
var PublicHint = publicHint

package sandbox

import "time"

// ShortenWaits lets the tests of what registries show late run at once.
func ShortenWaits() { firstWait = time.Millisecond }

// PublicHint is publicHint, for tests.
var PublicHint = publicHint

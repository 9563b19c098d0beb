package containerfile

import (
	"regexp"
	"strconv"
	"sync"
)

// epochLine is the declaration of the time that a build is said to be made at.
// Compiled on first use: most starts of the program need none.
var epochLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?mi)^[ \t]*ARG[ \t]+SOURCE_DATE_EPOCH=["']?([0-9]{1,12})["']?[ \t\r]*$`)
})

// Epoch returns the time, in seconds since 1970-01-01 00:00 UTC, that a
// Containerfile declares for what is built from it, by the line
//
//	ARG SOURCE_DATE_EPOCH=<seconds>
//
// (https://reproducible-builds.org/specs/source-date-epoch/). Without one it
// is 0: the file alone decides the image, and no clock does.
func Epoch(b []byte) int64 {
	m := epochLine().FindSubmatch(b)
	if m == nil {
		return 0
	}
	seconds, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return 0
	}
	return seconds
}

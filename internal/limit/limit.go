// Package limit has the defaults of the limits that a user can set: those of
// the library, and of the program's help.
package limit

import "time"

// What a limit bounds is said where it is used.
const (
	Connect = 2 * time.Second  // a connection to the registry
	Header  = 3 * time.Second  // until the registry begins an answer
	Probe   = 8 * time.Second  // all questions to the registry
	Pull    = 20 * time.Minute // the engine's pull
	Build   = 90 * time.Minute // the engine's build
	Verify  = time.Minute      // a verification
	Wait    = 2 * time.Hour    // for another process that gets the same image
)

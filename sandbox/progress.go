package sandbox

import "time"

// Phase is a part of the work that can take long.
type Phase string

// The phases of [Ensure], in their order.
const (
	PhaseWait   Phase = "wait"   // for another process that gets the same image
	PhaseProbe  Phase = "probe"  // the registry is asked
	PhaseVerify Phase = "verify" // the signature is verified
	PhasePull   Phase = "pull"
	PhaseBuild  Phase = "build"
)

// Progress tells that a phase begins or has ended.
type Progress struct {
	Phase   Phase
	Ended   bool
	Total   int64         // of a pull: the image's config and layers as they are transferred, in bytes; 0: not known
	Elapsed time.Duration // since the phase began
}

// begin reports a phase, and returns what reports its end.
func (o Options) begin(phase Phase, total int64) (end func()) {
	if o.Progress == nil {
		return func() {}
	}
	start := time.Now()
	o.Progress(Progress{Phase: phase, Total: total})
	return func() {
		o.Progress(Progress{Phase: phase, Total: total, Ended: true, Elapsed: time.Since(start)})
	}
}

package registry_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/decisions"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// transport is what a registry is reached over.
type transport string

const (
	inTheClear transport = ""
	overTLS    transport = "/over TLS"
	overHTTP2  transport = "/over HTTP2"
)

var transports = []transport{inTheClear, overTLS, overHTTP2}

// probeOver asks the server, through a front where the transport has one.
func (s *server) probeOver(t testing.TB, over transport, o registry.Options) *registry.Result {
	t.Helper()
	var front *lab.TLSFront
	switch over {
	case inTheClear:
		return s.probe(t, o)
	case overTLS:
		front = lab.StartHTTP1Front(s)
	case overHTTP2:
		front = lab.StartTLSFront(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 {
				t.Errorf("%s, want HTTP/2", r.Proto)
			}
			s.ServeHTTP(w, r)
		}), nil)
	}
	return s.probeFront(t, front, o)
}

// probeFront asks a front of the server, whose certificate the engine trusts.
func (s *server) probeFront(t testing.TB, front *lab.TLSFront, o registry.Options) *registry.Result {
	t.Helper()
	t.Cleanup(front.Close)
	o.Access = &access.Access{Places: func(repository, _ string) ([]access.Place, error) {
		return []access.Place{{Repository: repository, CA: [][]byte{front.CA}}}, nil
	}}
	ref := s.ref()
	ref.Repository = strings.Replace(ref.Repository, s.host(), front.Host(), 1)
	if o.Retry == (registry.Retry{}) {
		o.Retry = quick
	}
	return probe(t, registry.Query{Ref: ref, Platforms: both}, o)
}

// TestFrameFaults breaks HTTP/2 itself: what passes is asked again as a lost
// connection is over HTTP/1.1, and what hangs costs no more.
func TestFrameFaults(t *testing.T) {
	for _, row := range decisions.FrameFaults() {
		for _, step := range decisions.FrameSteps {
			t.Run(string(step)+"/"+row.Fault.Name, func(t *testing.T) {
				t.Parallel()
				s := start(t)
				s.push(t, children(t)...)
				o := registry.Options{HeaderTimeout: 300 * time.Millisecond, Timeout: 800 * time.Millisecond}
				if row.Fault.Times == 1 {
					o = registry.Options{}
				}
				frames := &fault.Frames{Inner: s, Step: step, Fault: row.Fault}
				began := time.Now()
				res := s.probeFront(t, lab.StartFrames(frames), o)
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				expect(t, res, row.At(step))
				if strings.Contains(res.Reason, "openlock:") {
					t.Errorf("the registry's words are ours: %s", res.Reason)
				}
				if hits := frames.Hits(); hits < row.Tries(step) {
					t.Errorf("%d requests at step %s, want at least %d tries", hits, step, row.Tries(step))
				}
			})
		}
	}
}

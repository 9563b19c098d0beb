// Package fault breaks a registry, by name and on purpose.
//
// [Table] lists every fault a registry is known to show: a [Step] of the
// conversation, and what is answered there. [Handler] puts one in front of a
// real registry. [Bearer] asks for tokens as hosted registries do. Nothing
// here needs package testing, so that demos and benchmarks can break things
// too; faults of content (a child deleted, a foreign label) are made by
// pushing such content to a real registry.
package fault

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Step is a part of the conversation between a client and a registry.
type Step string

// The steps, in the order in which a client takes them.
const (
	Ping     Step = "ping"     // GET /v2/
	Token    Step = "token"    // the token server; see [TokenPath]
	Manifest Step = "manifest" // a manifest asked for by tag
	Child    Step = "child"    // a manifest asked for by digest
	Blob     Step = "blob"     // a config or layer
	Upload   Step = "upload"   // all that writes
)

// Steps are all steps, in order.
var Steps = []Step{Ping, Token, Manifest, Child, Blob, Upload}

// StepOf tells which step a request takes; "" for what no client of ours asks.
func StepOf(r *http.Request) Step {
	p := r.URL.Path
	switch {
	case p == TokenPath:
		return Token
	case p == "/v2/" || p == "/v2":
		return Ping
	case !strings.HasPrefix(p, "/v2/"):
		return ""
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return Upload
	case strings.Contains(p, "/blobs/"):
		return Blob
	case strings.Contains(p, "/manifests/sha256:"):
		return Child
	case strings.Contains(p, "/manifests/"):
		return Manifest
	}
	return ""
}

// Answer is what a fault says in place of inner, the registry behind it.
type Answer func(w http.ResponseWriter, r *http.Request, inner http.Handler)

// Fault is one way in which a registry misbehaves at one step.
type Fault struct {
	Name   string // unique for its step, such as "404-html"
	Says   string // what is answered, in words
	Step   Step
	Times  int // how many requests get it before the registry recovers; 0: all
	Answer Answer
}

func (f Fault) String() string { return string(f.Step) + "/" + f.Name }

// Handler is inner with f. It is safe for concurrent use.
func Handler(inner http.Handler, f Fault) http.Handler {
	var served atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if StepOf(r) != f.Step || f.Times > 0 && served.Add(1) > int64(f.Times) {
			inner.ServeHTTP(w, r)
			return
		}
		f.Answer(w, r, inner)
	})
}

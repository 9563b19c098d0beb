package registry_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/decisions"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// asked is how many requests a probe has sent once the step has answered: two
// platforms, each a child, a config and a layer; a token only at the step token.
var asked = map[fault.Step]int{fault.Ping: 1, fault.Token: 2, fault.Manifest: 2, fault.Child: 4, fault.Blob: 8}

func TestFaults(t *testing.T) {
	for _, row := range decisions.Faults {
		for _, step := range fault.Steps {
			want := row.At(string(step))
			if want == "" || step == fault.Upload { // a probe writes nothing
				continue
			}
			if testing.Short() && row.Name == "slow-body" {
				continue // it takes its time; TestSlowAnswers has one
			}
			f, found := fault.Named(step, row.Name)
			if !found {
				t.Errorf("no fault %s/%s", step, row.Name)
				continue
			}
			for _, over := range transports {
				if over == overHTTP2 && f.Name == "not-http" {
					continue // its twin is one of TestFrameFaults
				}
				if over != inTheClear && isSlow(f) {
					continue // TestTransports of internal/decisions has these
				}
				t.Run(f.String()+string(over), func(t *testing.T) {
					t.Parallel()
					testFault(t, f, over, want, row.Tries)
				})
			}
		}
	}
}

// isSlow reports whether a fault takes its time.
func isSlow(f fault.Fault) bool {
	return f.Name == "silent" || f.Name == "slow-body" || strings.HasPrefix(f.Name, "stalled")
}

func testFault(t *testing.T, f fault.Fault, over transport, want registry.State, tries int) {
	s := start(t)
	s.push(t, children(t)...)
	front := s.real
	if f.Step == fault.Token {
		front = fault.Bearer(front, fault.Private{Anonymous: true})
	}
	s.behind(fault.Handler(front, f))

	var o registry.Options
	if want != registry.StateComplete && isSlow(f) && f.Name != "slow-body" {
		o.HeaderTimeout, o.Timeout = 900*time.Millisecond, 2500*time.Millisecond
		if testing.Short() { // on a machine that does nothing else
			o.HeaderTimeout, o.Timeout = 50*time.Millisecond, 150*time.Millisecond
		}
	}
	began := time.Now()
	res := s.probeOver(t, over, o)
	took := time.Since(began)

	expect(t, res, want)
	if res.Digest != "" && want != registry.StateComplete && (f.Step == fault.Ping || f.Step == fault.Token) {
		t.Errorf("digest %s, and nothing was got at all", res.Digest)
	}
	if took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if want != registry.StateComplete && want != registry.StateAbsent && want != registry.StateIncomplete && len(res.Children) > 0 {
		t.Errorf("children %v in state %s", res.Children, res.State)
	}
	switch f.Name {
	case "429-seconds", "429-date":
		if res.RetryAfter < fault.Hour-5*time.Second || res.RetryAfter > fault.Hour {
			t.Errorf("retry after %v, want an hour", res.RetryAfter)
		}
	default:
		if res.RetryAfter != 0 {
			t.Errorf("retry after %v, which nobody asked for", res.RetryAfter)
		}
	}
	checkCount(t, s, f, want, tries)
}

// checkCount holds the number of requests against an upper bound, and tries
// against a lower one.
func checkCount(t *testing.T, s *server, f fault.Fault, want registry.State, tries int) {
	t.Helper()
	most := asked[f.Step]
	if want == registry.StateComplete {
		most = asked[fault.Blob] + 1
	}
	most *= tries
	switch {
	case f.Name == "redirect-loop":
		most += 5 * 2 // two children, or blobs, go astray side by side
	case strings.HasPrefix(f.Name, "reset"):
		most *= 2 // net/http itself repeats a GET on a connection that it had used before
	}
	requests := s.requests()
	if len(requests) > most {
		t.Errorf("%d requests, want at most %d: %v", len(requests), most, requests)
	}
	var hit int
	for _, r := range requests {
		if r.Method != http.MethodGet && (r.Method != http.MethodHead || r.Step != fault.Blob) {
			t.Errorf("%s %s: only GETs tell why", r.Method, r.Path)
		}
		if r.Step == f.Step {
			hit++
		}
	}
	if hit < tries {
		t.Errorf("%d requests at step %s, want at least %d tries", hit, f.Step, tries)
	}
}

// TestConnections is what goes wrong below HTTP.
func TestConnections(t *testing.T) {
	checkLeaks(t)
	quiet := func(s *httptest.Server) { s.Config.ErrorLog = start(t).Config.ErrorLog }
	rows := []struct {
		name   string
		reason string
		listen func(t *testing.T) (host string)
	}{
		{"refused port", "connection refused", func(t *testing.T) string {
			l := listen(t)
			l.Close()
			return l.Addr().String()
		}},
		{"accepts and never answers", "no answer in time", func(t *testing.T) string {
			return listen(t).Addr().String() // the kernel accepts; nobody reads
		}},
		{"accepts and hangs up", "connection lost", func(t *testing.T) string {
			l := listen(t)
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					c.Close()
				}
			}()
			return l.Addr().String()
		}},
		{"certificate of nobody we know", "TLS: ", func(t *testing.T) string {
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			quiet(s)
			s.StartTLS()
			t.Cleanup(s.Close)
			return s.Listener.Addr().String()
		}},
		{"TLS too old", "TLS: ", func(t *testing.T) string {
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			quiet(s)
			s.TLS = &tls.Config{MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}
			s.StartTLS()
			t.Cleanup(s.Close)
			return s.Listener.Addr().String()
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := start(t)
			ref := s.ref()
			ref.Repository = row.listen(t) + "/vessux/openlock-base"
			began := time.Now()
			res := probe(t, registry.Query{Ref: ref, Platforms: both}, registry.Options{
				ConnectTimeout: 300 * time.Millisecond, HeaderTimeout: 300 * time.Millisecond, Timeout: 800 * time.Millisecond,
			})
			expect(t, res, registry.StateUnreachable)
			if !strings.Contains(res.Reason, row.reason) {
				t.Errorf("reason %q, want %q", res.Reason, row.reason)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestSlowAnswers never stalls and never hurries: a host's patience is for the
// whole probe, its retries included.
func TestSlowAnswers(t *testing.T) {
	s := start(t)
	s.push(t, children(t)...)
	s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	retry := registry.Retry{Tries: 1000, Interval: time.Millisecond}
	began := time.Now()
	expect(t, s.probe(t, registry.Options{Timeout: 700 * time.Millisecond, Retry: retry}), registry.StateUnreachable)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if n := len(s.requests()); n > 4 {
		t.Errorf("%d requests of 200 ms within 700 ms", n)
	}
}

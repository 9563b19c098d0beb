package decisions

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/vessux/openlock/internal/access"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// What a registry is reached over, besides HTTP/1.1 in the clear on loopback.
const (
	OverTLS   = "TLS, HTTP/1.1"
	OverHTTP2 = "TLS, HTTP/2"
	ByRelay   = "http"  // a proxy, in the clear
	ByTunnel  = "https" // a proxy, by CONNECT
)

// Asking are the columns that only ask, which the transports are proved for: what
// follows from a state does not depend on them.
var Asking = []Column{Probe, Exists}

// Transports lists the cases of every transport: the faults of a registry over TLS,
// those of HTTP/2 itself, and those of proxies.
func Transports() []Case {
	var all []Case
	for _, c := range Cases() {
		f, found := fault.Named(fault.Step(c.Step), c.Name)
		if !found || f.Step == fault.Upload {
			continue
		}
		all = append(all, overTransport(c, f, OverTLS, func(s *stand) *lab.TLSFront { return lab.StartHTTP1Front(s.real) }))
		if f.Name != "not-http" { // its twin is one of HTTP/2's own
			all = append(all, overTransport(c, f, OverHTTP2, func(s *stand) *lab.TLSFront { return lab.StartTLSFront(s.real, nil) }))
		}
	}
	for _, f := range FrameFaults() {
		for _, step := range FrameSteps {
			all = append(all, Case{
				Step: string(step), Name: f.Fault.Name, Says: f.Fault.Says, Over: OverHTTP2, Want: wantAsked(f.At(step)),
				set: func(s *stand) error {
					s.front(lab.StartFrames(&fault.Frames{Inner: s.real, Step: step, Fault: f.Fault}))
					return whole(s)
				},
			})
		}
	}
	for _, f := range fault.ProxyTable {
		for _, scheme := range []string{ByRelay, ByTunnel} {
			all = append(all, Case{
				Step: "proxy", Name: f.Name, Says: f.Says, Over: scheme, Want: wantAsked(down),
				set: func(s *stand) error { return s.throughProxy(f, scheme) },
			})
		}
	}
	return all
}

func overTransport(c Case, f fault.Fault, over string, start func(*stand) *lab.TLSFront) Case {
	c.Over, c.Want = over, wantAsked(c.Want[Probe].State)
	c.set = func(s *stand) error {
		s.front(start(s))
		return s.breakWith(f)
	}
	return c
}

func wantAsked(state registry.State) map[Column]Cell {
	return map[Column]Cell{Probe: {State: state}, Exists: {State: state, Exit: exitCodes[state]}}
}

// front puts a server with TLS before the registry, which clients trust.
func (s *stand) front(f *lab.TLSFront) {
	s.ca = f.CA
	s.behind(f.Host(), f.Close)
}

// proxyLogin is what must not be printed of a proxy's address.
const proxyLogin = "worker:tops3cret"

// throughProxy has a registry that is reached by a proxy with a fault, and by no
// other way. In the clear, the question over TLS comes first.
func (s *stand) throughProxy(f fault.ProxyFault, scheme string) error {
	at, end, err := f.Start(nil)
	if err != nil {
		return err
	}
	through, stop, err := fault.HangsUp.Start(nil)
	if err != nil {
		return err
	}
	host := "registry.invalid"
	if scheme == ByRelay {
		host = "10.255.255.1:5000" // a private address, which may answer in the clear; only the proxy is asked
	} else {
		through = at
	}
	s.behind(host, func() { end(); stop() })
	s.proxies = map[string]string{"https": "http://" + proxyLogin + "@" + through, "http": "http://" + proxyLogin + "@" + at}
	return nil
}

// access is how the probe reaches the stand; nil: as any.
func (s *stand) access() *access.Access {
	switch {
	case s.proxies != nil:
		return &access.Access{Proxy: func(r *http.Request) (*url.URL, error) { return url.Parse(s.proxies[r.URL.Scheme]) }}
	case s.ca != nil:
		return &access.Access{Places: func(repository, _ string) ([]access.Place, error) {
			return []access.Place{{Repository: repository, CA: [][]byte{s.ca}}}, nil
		}}
	}
	return nil
}

// env is how the program is told of the same.
func (r run) env() ([]string, error) {
	switch {
	case r.proxies != nil:
		return []string{"HTTPS_PROXY=" + r.proxies["https"], "HTTP_PROXY=" + r.proxies["http"]}, nil
	case r.ca != nil:
		file := filepath.Join(r.home, "ca.pem")
		return []string{"SSL_CERT_FILE=" + file}, os.WriteFile(file, r.ca, 0o600)
	}
	return nil, nil
}

package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox"
)

// TestTrustHosts: pairs of a registry and a host, each once; anything else is
// refused before a registry is asked.
func TestTrustHosts(t *testing.T) {
	for text, want := range map[string]map[string][]string{
		"r.example=a.example": {"r.example": {"a.example"}},
		"r.example:5000=10.0.0.7:8443,r.example:5000=b,x=y,x=y": {"r.example:5000": {"10.0.0.7:8443", "b"}, "x": {"y"}},
		"docker.io=[::1]:5000":          {"docker.io": {"[::1]:5000"}},
		"r.example":                     nil,
		"r.example=":                    nil,
		"=a.example":                    nil,
		"r.example=a.example,":          nil,
		"r.example=*.example":           nil,
		"r.example=https://a.example":   nil,
		"r.example=a.example/token":     nil,
		"r.example/vessux=a.example":    nil,
		"r.example=user@a.example":      nil,
		"r.example=a.example=b.example": nil,
		"r.example=a .example":          nil,
		"r.example=:443":                nil,
		strings.Repeat("r.example=a.example,", 3) + "r.example=b.exa%6d": nil,
	} {
		s, err := Flags{"trust-host": &text}.resolve(Program{}, sandbox.Base{})
		if (err == nil) != (want != nil) || err == nil && !reflect.DeepEqual(s.Registry.TrustHosts, want) {
			t.Errorf("%q: %v, %v", text, s.Registry.TrustHosts, err)
		}
	}
}

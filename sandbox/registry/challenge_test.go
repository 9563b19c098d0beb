package registry

import (
	"maps"
	"net/http"
	"testing"
)

// TestChallenge reads what registries say of how they want to be asked, as RFC
// 9110 has it: several in a line, in any case, with strings in quotes.
func TestChallenge(t *testing.T) {
	type parameters = map[string]string
	for _, c := range []struct {
		lines      []string
		scheme     string
		parameters parameters
	}{
		{nil, "", nil},
		{[]string{""}, "", nil},
		{[]string{"Negotiate"}, "", nil},
		{[]string{"Basic"}, "basic", nil},
		{[]string{`Bearer realm="https://auth.example/token",service="registry.example"`}, "bearer", parameters{"realm": "https://auth.example/token", "service": "registry.example"}},
		{[]string{`bearer REALM = "r" , Service=s`}, "bearer", parameters{"realm": "r", "service": "s"}},
		{[]string{`Bearer service="",realm="a\"b\\c"`}, "bearer", parameters{"service": "", "realm": `a"b\c`}},
		{[]string{`Negotiate dG9rZW4==, Bearer realm="r,s"`}, "bearer", parameters{"realm": "r,s"}},
		{[]string{"Negotiate", `Basic realm="a"`, `Bearer realm="b"`}, "basic", parameters{"realm": "a"}},
		{[]string{`Digest realm="d", Bearer realm="b", Basic realm="a"`}, "bearer", parameters{"realm": "b"}},
		{[]string{`realm="none", Bearer realm="b"`}, "bearer", parameters{"realm": "b"}},
		{[]string{`Bearer realm="open`}, "bearer", nil},
		{[]string{`Bearer realm="open\`}, "bearer", nil},
		{[]string{`"Bearer", @, Basic realm=x`}, "basic", parameters{"realm": "x"}},
	} {
		got := challengeOf(http.Header{"Www-Authenticate": c.lines})
		if got.scheme != c.scheme || !maps.Equal(got.parameters, c.parameters) {
			t.Errorf("%q: %+v, want %s %q", c.lines, got, c.scheme, c.parameters)
		}
	}
}

package cli

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox"
)

// TestTrustHosts: pairs of a registry and a host, each once; anything else is
// refused before a registry is asked.
func TestTrustHosts(t *testing.T) {
	for text, want := range map[string]map[string][]string{
		"r.example=a.example": {"r.example": {"a.example"}},
		"r.example:5000=10.0.0.7:8443,r.example:5000=b,localhost=y,localhost=y": {"r.example:5000": {"10.0.0.7:8443", "b"}, "localhost": {"y"}},
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
		"R.example=a.example":           nil, // a repository's host has lower-case letters only
		"index.docker.io=a.example":     nil, // it is docker.io
		"registry=a.example":            nil, // no repository begins so
		strings.Repeat("r.example=a.example,", 3) + "r.example=b.exa%6d": nil,
	} {
		s, err := Flags{"trust-host": &text}.resolve(Program{}, sandbox.Base{})
		if (err == nil) != (want != nil) || err == nil && !reflect.DeepEqual(s.Registry.TrustHosts, want) {
			t.Errorf("%q: %v, %v", text, s.Registry.TrustHosts, err)
		}
	}
}

// TestTrustedTokenServer: a registry whose token server is elsewhere denies a good
// login, and the hint is the setting that lets it in, wherever that is set.
func TestTrustedTokenServer(t *testing.T) {
	r := newRig(t)
	r.publish(t)
	realm := strings.Replace(r.registry.Host(), "127.0.0.1", "localhost", 1)
	r.registry.Wrap(func(inner http.Handler) http.Handler {
		return fault.Bearer(inner, fault.Private{
			Logins: []fault.Login{{User: "robot", Password: "hunter2-hunter2"}}, Realm: "http://" + realm + fault.TokenPath,
		})
	})
	auth := base64.StdEncoding.EncodeToString([]byte("robot:hunter2-hunter2"))
	write(t, filepath.Join(os.Getenv("HOME"), ".docker", "config.json"), fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.registry.Host(), auth))
	pair := r.registry.Host() + "=" + realm

	_, said, code := run(t, r.args("exists")...)
	hint := "hint: if you trust " + realm + " as you do " + r.registry.Host() + ", set trust-host to " + pair + "\n"
	if code != 5 || !strings.HasSuffix(said, hint) || strings.Contains(said, "sign in") {
		t.Errorf("%d, %q, want it to end with %q", code, said, hint)
	}
	if _, said, code := run(t, r.args("exists", "--trust-host", pair)...); code != 0 {
		t.Errorf("by the flag: %d, %q", code, said)
	}
	write(t, r.config, fmt.Sprintf("trust_hosts = %q\n", pair))
	if _, said, code := run(t, r.args("exists")...); code != 0 {
		t.Errorf("by the file: %d, %q", code, said)
	}
	t.Setenv("OPENLOCK_TRUST_HOSTS", "other.example="+realm)
	if _, said, code := run(t, r.args("exists")...); code != 5 {
		t.Errorf("for another registry: %d, %q", code, said)
	}
}

package registriesconf_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/registriesconf"
)

const (
	accept = `[{"type": "insecureAcceptAnything"}]`
	reject = `[{"type": "reject"}]`
	signed = `[{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/nowhere"}]`
	both   = `[{"type": "insecureAcceptAnything"}, {"type": "reject"}]`

	systemPolicy = "etc/containers/policy.json"
	userPolicy   = "home/.config/containers/policy.json"
)

// policyOf has a default, and more scopes of registries as pairs.
func policyOf(rest string, scopes ...string) string {
	var all []string
	for i := 0; i < len(scopes); i += 2 {
		all = append(all, `"`+scopes[i]+`": `+scopes[i+1])
	}
	return `{"default": ` + rest + `, "transports": {"docker": {` + strings.Join(all, ", ") + `}}}`
}

// policies are what podman and this package read alike. $A is a registry, by
// its address 127.0.0.1:port.
var policies = []struct {
	name, text string
	rejected   string // the scope, or "default"; empty: accepted
	err        string // the file is broken
}{
	{name: "accepted", text: `{"default": ` + accept + `}`},
	{name: "rejected", text: `{"default": ` + reject + `}`, rejected: "default"},
	{name: "all requirements count", text: policyOf(both), rejected: "default"},
	{name: "a base layer's signature", text: policyOf(`[{"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}]`), rejected: "default"},
	{name: "scope of the host", text: policyOf(reject, "$A", accept)},
	{name: "scope of the host, rejected", text: policyOf(accept, "$A", reject), rejected: "$A"},
	{name: "the most specific scope", text: policyOf(accept, "$A", reject, "$A/team", accept)},
	{name: "the most specific scope, rejected", text: policyOf(accept, "$A", accept, "$A/team", reject), rejected: "$A/team"},
	{name: "scope of the repository", text: policyOf(reject, "$A/team", reject, "$A/team/x", accept)},
	{name: "scope of another repository", text: policyOf(accept, "$A/team/y", reject)},
	{name: "scope of a name that it begins with", text: policyOf(accept, "$A/tea", reject)},
	{name: "scope of the host without its port", text: policyOf(accept, "127.0.0.1", reject)},
	{name: "scope of a domain", text: policyOf(accept, "*.0.1", reject), rejected: "*.0.1"},
	{name: "the nearest domain", text: policyOf(accept, "*.1", reject, "*.0.0.1", accept)},
	{name: "scope of all registries", text: policyOf(reject, "", accept)},
	{name: "scope of all registries, rejected", text: policyOf(accept, "", reject), rejected: "default"},
	{name: "another transport", text: `{"default": ` + accept + `, "transports": {"docker-daemon": {"": ` + reject + `}}}`},
	{name: "a transport that is unknown", text: `{"default": ` + accept + `, "transports": {"pigeon": {"": ` + reject + `}}}`},
	{name: "scope of the tag", text: policyOf(reject, "$A/team/x:1", accept)},
	{name: "scope of the tag, rejected", text: policyOf(accept, "$A/team/x", accept, "$A/team/x:1", reject), rejected: "$A/team/x:1"},
	{name: "scope of another tag", text: policyOf(accept, "$A/team/x:12", reject)},

	{name: "empty", text: ``, err: "want an object of JSON"},
	{name: "null", text: `null`, err: "want an object of JSON"},
	{name: "no default", text: `{}`, err: "default is missing"},
	{name: "no requirement", text: policyOf(`[]`), err: "a list of requirements is empty"},
	{name: "no list", text: policyOf(`{"type": "reject"}`), err: "want a list of requirements"},
	{name: "no type", text: policyOf(`[{}]`), err: "a requirement has no type"},
	{name: "a type that is unknown", text: policyOf(`[{"type": "never"}]`), err: `requirement "never" is unknown`},
	{name: "a type in capitals", text: policyOf(`[{"type": "Reject"}]`), err: `requirement "Reject" is unknown`},
	{name: "more than a type", text: policyOf(`[{"type": "reject", "keyType": "x"}]`), err: "has other fields"},
	{name: "a key that is unknown", text: `{"default": ` + accept + `, "defaults": []}`, err: `key "defaults" is unknown`},
	{name: "a key in capitals", text: `{"Default": ` + accept + `}`, err: `key "Default" is unknown`},
	{name: "a key twice", text: `{"default": ` + accept + `, "default": ` + accept + `}`, err: `key "default" occurs twice`},
	{name: "a scope twice", text: policyOf(accept, "$A", accept, "$A", accept), err: "occurs twice"},
	{name: "another transport's slip", text: `{"default": ` + accept + `, "transports": {"pigeon": {"": []}}}`, err: "a list of requirements is empty"},
	{name: "transports that are null", text: `{"default": ` + accept + `, "transports": null}`, err: "transports: want an object of JSON"},
	{name: "more than an object", text: `{"default": ` + accept + `} 1`, err: "more than one value"},
	{name: "cut off", text: `{"default": ` + accept, err: "EOF"},
}

func TestPolicy(t *testing.T) {
	for _, c := range policies {
		t.Run(c.name, func(t *testing.T) {
			const host = "127.0.0.1:5000"
			m, dir := machine(t, map[string]string{systemPolicy: strings.ReplaceAll(c.text, "$A", host)})
			err := checkPolicy(m, host+"/team/x")
			file := filepath.Join(dir, filepath.FromSlash(systemPolicy))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %s: %s", err, file, c.err)
				}
				return
			}
			if got, want := rejectedBy(t, err, file), strings.ReplaceAll(c.rejected, "$A", host); got != want {
				t.Errorf("rejected by %q, want %q", got, want)
			}
		})
	}
}

func checkPolicy(m registriesconf.Machine, repository string) error {
	p, err := m.Policy()
	if err != nil {
		return err
	}
	return p.Check(repository, "1")
}

// A digest is not its tag.
func TestPolicyOfDigests(t *testing.T) {
	for text, rejected := range map[string]bool{
		policyOf(reject, "a.test/x:1", accept): true,
		policyOf(accept, "a.test/x:1", reject): false,
		policyOf(accept, "a.test/x", reject):   true,
	} {
		m, _ := machine(t, map[string]string{systemPolicy: text})
		p, err := m.Policy()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check("a.test/x", ""); (err != nil) != rejected {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// rejectedBy is the scope that rejects, "default", or empty.
func rejectedBy(t *testing.T, err error, file string) string {
	t.Helper()
	if err == nil {
		return ""
	}
	rejected := (*registriesconf.RejectedError)(nil)
	if !errors.As(err, &rejected) || rejected.File != file || !strings.Contains(err.Error(), file) {
		t.Fatalf("error %v, want one that names %s", err, file)
	}
	if rejected.Scope == "" {
		return "default"
	}
	return rejected.Scope
}

func TestWhichPolicyCounts(t *testing.T) {
	accepted, rejected := policyOf(accept), policyOf(reject)
	for _, c := range []struct {
		name, repository string
		files            map[string]string
		rejected         string // the file
		err              string
	}{
		{name: "the system's", files: map[string]string{systemPolicy: rejected}, rejected: systemPolicy},
		{name: "the user's before it", files: map[string]string{systemPolicy: rejected, userPolicy: accepted}},
		{name: "the user's, alone", files: map[string]string{systemPolicy: accepted, userPolicy: rejected}, rejected: userPolicy},
		{name: "none", err: systemPolicy + " is missing"},
		{name: "the user's is broken", files: map[string]string{systemPolicy: accepted, userPolicy: "x"}, err: userPolicy + ": want an object"},
		{name: "the user's is a directory", files: map[string]string{systemPolicy: accepted, userPolicy + "/x": ""}, err: userPolicy + ": is a directory"},
		{name: "Docker Hub by its full name", files: map[string]string{systemPolicy: policyOf(accept, "docker.io/library/x", reject)}, repository: "index.docker.io/x", rejected: systemPolicy},
		{name: "signatures are podman's", files: map[string]string{systemPolicy: policyOf(signed)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, dir := machine(t, c.files)
			if c.repository == "" {
				c.repository = "a.test/x"
			}
			err := checkPolicy(m, c.repository)
			switch {
			case c.err != "":
				if want := filepath.Join(dir, filepath.FromSlash(c.err)); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %s", err, want)
				}
			case (err != nil) != (c.rejected != ""):
				t.Errorf("error %v", err)
			case err != nil:
				rejectedBy(t, err, filepath.Join(dir, filepath.FromSlash(c.rejected)))
			}
		})
	}
}

package registriesconf

import (
	"encoding/json"
	"errors"
	"testing"
)

func FuzzPolicy(f *testing.F) {
	f.Add(`{"default": [{"type": "reject"}]}`, "a.test/x", "1")
	f.Add(`{"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"*.test": [{"type": "reject"}], "a.b.test:5000/x": [{"type": "signedBy", "keyPath": "/k"}]}}}`, "a.b.test:5000/x", "1")
	f.Add(`{"default": [{"type": "sigstoreSigned"}], "transports": {"docker": {"": [{"type": "reject"}], "a.test/x:1": [{"type": "reject"}]}}}`, "a.test/x", "1")
	f.Fuzz(func(t *testing.T, text, repository, tag string) {
		p, err := parsePolicy([]byte(text))
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON", text)
		}
		err = p.Check(repository, tag)
		if rejected := (*RejectedError)(nil); err != nil && !errors.As(err, &rejected) {
			t.Fatal(err)
		} else if err != nil && rejected.Scope != "" && !bool(p.scopes[rejected.Scope]) {
			t.Fatalf("%v, though the scope accepts", err)
		}
	})
}

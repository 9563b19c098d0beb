package registriesconf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/smallfile"
)

// Policy is what containers-policy.json(5) says of images from registries.
type Policy struct {
	file   string
	rest   verdict            // of what no scope names
	scopes map[string]verdict // by host[:port]/path or less, or *.domain
}

// verdict tells whether a list of requirements rejects every image.
type verdict bool

// RejectedError tells that a policy rejects all images of a repository;
// no remedy: an administrator wants it so, and the probe says where to change it.
type RejectedError struct {
	Scope string // whose requirements reject it; empty: those of all the rest
	File  string
}

func (e *RejectedError) Error() string {
	if e.Scope == "" {
		return fmt.Sprintf("the policy in %s rejects images by default", e.File)
	}
	return fmt.Sprintf("the policy in %s rejects images of %s", e.File, e.Scope)
}

// Policy reads ~/.config/containers/policy.json or, where that does not exist,
// /etc/containers/policy.json. Podman pulls nothing without one of them.
func (m Machine) Policy() (*Policy, error) {
	file := m.Root + "/etc/containers/policy.json"
	if m.Home != "" {
		user := filepath.Join(m.Home, ".config", "containers", "policy.json")
		if _, err := os.Stat(user); err == nil {
			file = user
		}
	}
	b, err := smallfile.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing, and so is the user's own", file)
	}
	if err != nil {
		return nil, err
	}
	p, err := parsePolicy(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p.file = file
	return p, nil
}

// Check fails with a [*RejectedError] where podman rejects a tag of a
// repository, host[:port]/path. The most specific scope decides: the tag, the
// repository, each path above, its host, each *.domain above, all registries.
// By an empty tag it tells of digests, but for those with a scope of their own.
//
// Signatures are left to podman. The name that counts is the canonical one,
// wherever a mirror has it.
func (p *Policy) Check(repository, tag string) error {
	repository = canonical(repository)
	scopes := scopesOf(repository)
	if tag != "" {
		scopes = slices.Insert(scopes, 0, repository+":"+tag)
	}
	for _, scope := range append(scopes, "") {
		if rejects, ok := p.scopes[scope]; ok {
			return p.err(rejects, scope)
		}
	}
	return p.err(p.rest, "")
}

func (p *Policy) err(rejects verdict, scope string) error {
	if !rejects {
		return nil
	}
	return &RejectedError{Scope: scope, File: p.file}
}

// scopesOf lists the scopes of a repository, the most specific first.
func scopesOf(repository string) []string {
	all := []string{repository}
	host := repository
	for i := strings.LastIndex(host, "/"); i >= 0; i = strings.LastIndex(host, "/") {
		host = host[:i]
		all = append(all, host)
	}
	domain, _, _ := strings.Cut(host, ":")
	for {
		var ok bool
		if _, domain, ok = strings.Cut(domain, "."); !ok {
			return all
		}
		all = append(all, "*."+domain)
	}
}

// parsePolicy reads a file as strictly as podman does, but for what belongs to
// signatures.
func parsePolicy(b []byte) (*Policy, error) {
	top, err := object(b, "default", "transports")
	if err != nil {
		return nil, err
	}
	if top["default"] == nil {
		return nil, errors.New("default is missing")
	}
	p := &Policy{scopes: map[string]verdict{}}
	if p.rest, err = requirements(top["default"]); err != nil {
		return nil, fmt.Errorf("default: %w", err)
	}
	if top["transports"] == nil {
		return p, nil
	}
	transports, err := object(top["transports"])
	if err != nil {
		return nil, fmt.Errorf("transports: %w", err)
	}
	for transport, text := range transports {
		scopes, err := object(text)
		if err != nil {
			return nil, fmt.Errorf("transport %q: %w", transport, err)
		}
		for scope, list := range scopes {
			rejects, err := requirements(list)
			if err != nil {
				return nil, fmt.Errorf("transport %q, scope %q: %w", transport, scope, err)
			}
			if transport == "docker" {
				p.scopes[scope] = rejects
			}
		}
	}
	return p, nil
}

// requirements reads a list, of which an image has to meet all.
func requirements(b []byte) (rejects verdict, err error) {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return false, errors.New("want a list of requirements")
	}
	if len(list) == 0 {
		return false, errors.New("a list of requirements is empty")
	}
	for _, text := range list {
		fields, err := object(text)
		if err != nil {
			return false, err
		}
		var kind string
		if err := json.Unmarshal(fields["type"], &kind); err != nil {
			return false, errors.New("a requirement has no type")
		}
		switch kind {
		case "signedBy", "sigstoreSigned":
		case "signedBaseLayer": // which podman implements for no image
			rejects = true
		case "reject", "insecureAcceptAnything":
			if len(fields) > 1 {
				return false, fmt.Errorf("requirement %s has other fields than its type", kind)
			}
			rejects = rejects || kind == "reject"
		default:
			return false, fmt.Errorf("requirement %q is unknown", kind)
		}
	}
	return rejects, nil
}

// object reads an object of JSON whose keys differ, and are among those that
// are given, if any.
func object(b []byte, keys ...string) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("want an object of JSON")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string) // the decoder fails on others
		if _, ok := fields[key]; ok {
			return nil, fmt.Errorf("key %q occurs twice", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		fields[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return fields, known(fields, keys)
}

// known fails on a key that is not among those given, if any.
func known(fields map[string]json.RawMessage, keys []string) error {
	for key := range fields {
		if len(keys) > 0 && !slices.Contains(keys, key) {
			return fmt.Errorf("key %q is unknown", key)
		}
	}
	return nil
}

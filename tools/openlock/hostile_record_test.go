//go:build linux

package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// TestRecordOfAnotherImage: an image's ID in podman is its config's digest and
// says nothing of its layers, so the record of an image that was verified does
// not speak for the attacker's with the same config.
func TestRecordOfAnotherImage(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	s := h.newScene(t)
	s.sign(t, "ours", s.index)
	unverified := s.args
	s.verified()
	if code, source, said := s.ensure(t); code != 0 || source != "pulled" {
		t.Fatalf("ours: %d, %q: %s", code, source, said)
	}
	if code, source, said := s.ensure(t); code != 0 || source != "local" {
		t.Fatalf("ours again: %d, %q: %s", code, source, said)
	}
	if err := h.podman.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := s.mixed(t)
	s.put(t, "mixed", body)
	s.indexOf(t, s.entry(t, "digest", fmt.Sprintf("sha256:%x", sha256.Sum256(body))))
	wanted := s.args
	s.args = unverified
	if code, source, said := s.ensure(t); code != 0 || source != "pulled" {
		t.Fatalf("theirs, without a wish for a signature: %d, %q: %s", code, source, said)
	}
	s.args = wanted
	if code, source, said := s.ensure(t); code != 7 || !strings.Contains(said, "its layers are not known to be those that were verified") {
		t.Errorf("theirs: %d, %q: %s", code, source, said)
	}
}

//go:build linux

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/dev/release"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestPinnedDigest: a release that was built with the digest of its image
// pulls that one, and no other that a tag names.
func TestPinnedDigest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref, err := tag.New(r.registry.Host()+"/vessux/openlock-base", base.Containerfile())
	if err != nil {
		t.Fatal(err)
	}
	if _, why, err := release.PublishedDigest(t.Context(), sandbox.Base{Containerfile: base.Containerfile(), Repository: ref.Repository}, registry.Options{}, nil); err != nil || !strings.HasPrefix(why, "absent: ") {
		t.Errorf("nothing is published: %q, %v", why, err)
	}
	right := labtest.Publish(t, ref, tag.Identity(base.Containerfile()))
	digest, _, err := release.PublishedDigest(t.Context(), sandbox.Base{Containerfile: base.Containerfile(), Repository: ref.Repository}, registry.Options{}, nil)
	if err != nil || digest != right.Digest {
		t.Fatalf("digest %q, %v, want %s", digest, err, right.Digest)
	}
	if r.openlock, err = lab.BuildOpenlock(t.Context(), t.TempDir(), "github.com/vessux/openlock/sandbox/base.digest="+digest); err != nil {
		t.Fatal(err)
	}
	version, err := exec.Command(r.openlock, "version").Output()
	if err != nil || !strings.Contains(string(version), "@"+digest) {
		t.Errorf("version: %q, %v", version, err)
	}

	run := func(args ...string) (int, string) {
		t.Helper()
		e := r.startWith(t, append([]string{"--build", "never"}, args...)...)
		return e.finish(t), e.said.String()
	}
	// The tag is moved to another image of the same Containerfile: the right one
	// is pulled all the same.
	labels := map[string]string{tag.Label: tag.Identity(base.Containerfile()), "another": "build"}
	wrong, err := lab.PublishLabelled(t.Context(), ref, labels, "linux/amd64", "linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	if code, said := run(); code != 0 {
		t.Fatalf("moved tag: %d: %s", code, said)
	}
	got, err := r.podman.Run(t.Context(), "image", "inspect", "--format", `{{index .Labels "another"}}`, ref.String())
	if err != nil || strings.TrimSpace(got) != "" {
		t.Errorf("the other image was pulled: %q, %v", got, err)
	}
	if err := r.podman.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A registry that has only the other one.
	if err := lab.Delete(t.Context(), ref.Repository, "manifests", right.Digest); err != nil {
		t.Fatal(err)
	}
	code, said := run()
	if code != 7 || !strings.Contains(said, "published image differs from the one this release was built with: it is "+wrong.Digest+", not "+digest) {
		t.Errorf("another image: %d: %s", code, said)
	}
	// The pin is the embedded Containerfile's, and nobody else's.
	file, other := r.file(t, true)
	if code, said := run("--containerfile", file); code != 0 {
		t.Errorf("another Containerfile: %d: %s", code, said)
	}
	r.whole(t, other, file)
}

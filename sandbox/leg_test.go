package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lock"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestPublishTakesLegs that were built apart, without any builder, and builds
// only those that are missing.
func TestPublishTakesLegs(t *testing.T) {
	_, b, ref := unpublished(t)
	apart := mustPush(t, tag.Ref{Repository: ref.Repository, Tag: "pushed-by-test"}, b.Identity(), "apart")
	legs := map[string]string{"linux/amd64": apart.Children["linux/amd64"]}
	if _, err := publish(t, b, sandbox.PublishOptions{Legs: legs}); err == nil || err.Error() != "there is no leg for linux/arm64" {
		t.Errorf("one leg and no builder: %v", err)
	}
	p := &pusher{run: "ours"}
	res, err := publish(t, b, sandbox.PublishOptions{Legs: legs, Builder: p})
	if err != nil || res.Children[0].Digest != legs["linux/amd64"] || len(p.built) != 1 || strings.Join(p.built[0], " ") != "linux/arm64" {
		t.Fatalf("%+v, %v; built %q", res, err, p.built)
	}
	child, err := sandbox.PublishLeg(t.Context(), b, "linux/arm64", sandbox.PublishOptions{Builder: p})
	if err != nil || *child != res.Children[1] || len(p.built) != 1 {
		t.Errorf("a leg that is published: %+v, %v; built %q", child, err, p.built)
	}
}

// TestPublishWithEveryLeg needs no builder at all.
func TestPublishWithEveryLeg(t *testing.T) {
	_, b, ref := unpublished(t)
	apart := mustPush(t, tag.Ref{Repository: ref.Repository, Tag: "pushed-by-test"}, b.Identity(), "apart")
	res, err := publish(t, b, sandbox.PublishOptions{Legs: apart.Children})
	if err != nil || res.Outcome != sandbox.OutcomePublished || len(res.Children) != 2 {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestPublishRefusesForeignLegs: a leg of another Containerfile puts nothing.
func TestPublishRefusesForeignLegs(t *testing.T) {
	r, b, ref := unpublished(t)
	apart := mustPush(t, tag.Ref{Repository: ref.Repository, Tag: "pushed-by-test"}, "of another file", "")
	_, err := publish(t, b, sandbox.PublishOptions{Legs: apart.Children})
	refusedWith(t, err, registry.StateInvalid)
	if !strings.HasPrefix(err.Error(), "leg linux/amd64: ") {
		t.Errorf("%v", err)
	}
	if got := r.Digest("vessux/openlock-base", ref.Tag); got != "" {
		t.Errorf("the tag is at %s", got)
	}
}

// TestPlanWithVerifier says that a pull depends on the signature, and changes
// nothing.
func TestPlanWithVerifier(t *testing.T) {
	const condition = ", where its signature is the right one"
	b, _, _ := published(t)
	m := newMemory()
	o := m.options(t)
	d, err := sandbox.Plan(t.Context(), b, o)
	if err != nil || d.Action != sandbox.ActionPull || strings.HasSuffix(d.Reason, condition) {
		t.Errorf("without a verifier: %+v, %v", d, err)
	}
	o.Verifier = &signer{}
	if d, err = sandbox.Plan(t.Context(), b, o); err != nil || d.Action != sandbox.ActionPull || !strings.HasSuffix(d.Reason, condition) {
		t.Errorf("%+v, %v", d, err)
	}
	o.Build = sandbox.PolicyAlways
	if d, err = sandbox.Plan(t.Context(), b, o); err != nil || d.Action != sandbox.ActionBuild || strings.HasSuffix(d.Reason, condition) {
		t.Errorf("%+v, %v", d, err)
	}
	m.did(t)
}

// TestRejectedLocalImage: why an image under the ref is rejected is said, and
// is part of the reason where nothing may be pulled.
func TestRejectedLocalImage(t *testing.T) {
	_, b, ref := unpublished(t)
	other := good("for another platform")
	other.Platform = "linux/s390x"
	for want, image := range map[string]*engine.Image{
		"names another Containerfile":  foreign("foreign"),
		"does not carry the label":     {ID: "bare", Platform: sandbox.HostPlatform()},
		"is for linux/s390x, not for ": other,
		"no local image, and pulling":  nil,
	} {
		m := newMemory()
		if image != nil {
			m.images[ref.String()] = image
		}
		o := m.options(t)
		o.Pull = sandbox.PolicyNever
		d, err := sandbox.Plan(t.Context(), b, o)
		if err != nil || d.Action != sandbox.ActionBuild || !strings.Contains(d.Reason, want) || d.Warn != (image != nil) {
			t.Errorf("%s: %+v, %v", want, d, err)
		}
		o.Pull = sandbox.PolicyMissing
		var warnings []string
		o.Notify = func(n sandbox.Notice) {
			if n.Warning {
				warnings = append(warnings, n.Text)
			}
		}
		if d, err = sandbox.Plan(t.Context(), b, o); err != nil || d.State != registry.StateAbsent {
			t.Errorf("%s: %+v, %v", want, d, err)
		}
		if said := strings.Contains(strings.Join(warnings, "\n"), want); said != (image != nil) {
			t.Errorf("%s: warnings %q", want, warnings)
		}
	}
}

// TestUnusableDirectories: without a lock nothing is done; without a record it
// is, and that is said: as a warning only where a verifier will miss it.
func TestUnusableDirectories(t *testing.T) {
	_, b, _ := unpublished(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	o := m.options(t)
	o.LockDir = filepath.Join(file, "locks")
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.As(err, new(*lock.Error)) {
		t.Errorf("%v", err)
	}
	m.did(t)
	for _, verifier := range []sandbox.Verifier{nil, &signer{}} {
		m = newMemory()
		o = m.options(t)
		o.RecordDir, o.Verifier = filepath.Join(file, "images"), verifier
		said := 0
		o.Notify = func(n sandbox.Notice) {
			if strings.HasPrefix(n.Text, "where the image is from is not remembered: ") && n.Warning == (verifier != nil) {
				said++
			}
		}
		if out, err := sandbox.Ensure(t.Context(), b, o); err != nil || out.Source != sandbox.SourceBuilt || said != 1 {
			t.Errorf("%+v, %v; said %d times", out, err, said)
		}
	}
}

package ci

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/cli"
	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestPublish: legs are put together, then nothing is left to do. The words,
// the JSON, the outputs and the summary say the same.
func TestPublish(t *testing.T) {
	r := newRig(t, sound)
	legs := r.legs(t)
	a := r.app("legs", legs)
	a.JSON = true
	wants(t, Publish(t.Context(), a, PublishFlags{}), 0, "")
	got := decode[PublishJSON](t, r.out.String())
	digest := r.registry.Digest("example/base", r.ref.Tag)
	if got.Ref != r.ref.String() || got.Tag != r.ref.Tag || got.Identity != r.identity || got.Digest != digest || digest == "" || got.Outcome != "published" ||
		got.State != "absent" || got.Reason == "" || !slices.Equal(got.Platforms, sandbox.Platforms()) || len(got.Children) != 2 || got.DurationMS < 0 {
		t.Errorf("%+v", got)
	}
	for i, c := range got.Children {
		if c.Platform != sandbox.Platforms()[i] || !strings.Contains(legs, c.Platform+"="+c.Digest) || c.Size <= 0 {
			t.Errorf("%+v", c)
		}
	}
	if want := "tool: published " + r.ref.String() + ": " + got.Reason + "\n"; !strings.Contains(r.said.String(), want) {
		t.Errorf("%q, want %q", r.said.String(), want)
	}
	if groups, ends := strings.Count(r.said.String(), "::group::"), strings.Count(r.said.String(), "::endgroup::"); groups == 0 || groups != ends {
		t.Errorf("%d groups begin, %d end:\n%s", groups, ends, r.said.String())
	}
	r.outputs(t, map[string]string{
		"ref": got.Ref, "tag": got.Tag, "digest": digest, "state": "absent", "outcome": "published", "reason": got.Reason, "platforms": "linux/amd64,linux/arm64",
	})
	summary, err := os.ReadFile(r.summary)
	if err != nil || !strings.HasPrefix(string(summary), "### tool's base image\n") || !strings.Contains(string(summary), digest) || !strings.Contains(string(summary), " MB, sha256:") {
		t.Errorf("%s, %v", summary, err)
	}

	// No builder is needed, and none has to be installed.
	wants(t, Publish(t.Context(), r.app(), PublishFlags{}), 0, "")
	if r.out.String() != r.ref.String()+"\n" || !strings.Contains(r.said.String(), "tool: skipped "+r.ref.String()+": ") {
		t.Errorf("%q, %q", r.out.String(), r.said.String())
	}
	r.outputs(t, map[string]string{"state": "complete", "outcome": "skipped", "digest": digest})
}

// TestPublishNeedsBuilder: a builder is looked for after the registry has
// answered, and before anything is uploaded.
func TestPublishNeedsBuilder(t *testing.T) {
	r := newRig(t, sound)
	const none = "no builder: docker is not installed, and podman is not installed"
	wants(t, Publish(t.Context(), r.app(), PublishFlags{}), 2, none)
	wants(t, Publish(t.Context(), r.app("runtime", "podman"), PublishFlags{}), 2, "no builder: podman is not installed\nhint: ")
	one := "linux/amd64=" + r.leg(t, "linux/amd64")
	wants(t, Publish(t.Context(), r.app("legs", one), PublishFlags{}), 2, none)
	_, err := legOf(t, r, "linux/arm64")
	wants(t, err, 2, none)
	asked := false
	for _, q := range r.registry.Requests() {
		asked = asked || strings.HasSuffix(q.Path, "/manifests/"+r.ref.Tag)
		if q.Method == "POST" && !strings.Contains(q.Path, "/blobs/uploads") {
			t.Errorf("%+v", q)
		}
	}
	if !asked || r.registry.Digest("example/base", r.ref.Tag) != "" {
		t.Errorf("%v", r.registry.Requests())
	}
	if r.out.String() != "" {
		t.Errorf("%q", r.out.String())
	}
}

func legOf(t *testing.T, r *rig, platform string) (*cli.App, error) {
	t.Helper()
	a := r.app("legs", "nonsense", "force", "sha256:"+strings.Repeat("0", 64)) // about the index
	a.JSON = true
	return a, Leg(t.Context(), a, platform, PublishFlags{})
}

// TestLeg: a leg that is published already is found, and named for the matrix.
func TestLeg(t *testing.T) {
	r := newRig(t, sound)
	legs := r.legs(t)
	wants(t, Publish(t.Context(), r.app("legs", legs), PublishFlags{}), 0, "")
	_, err := legOf(t, r, "linux/arm64/v8")
	wants(t, err, 0, "")
	got := decode[ChildJSON](t, r.out.String())
	pair := "linux/arm64=" + got.Digest
	if got.Platform != "linux/arm64" || !strings.Contains(legs, pair) || got.Size <= 0 {
		t.Errorf("%+v", got)
	}
	r.outputs(t, map[string]string{"digest": got.Digest, "leg": pair, "linux_arm64": pair})
	_, err = legOf(t, r, "windows")
	wants(t, err, 2, "windows")
}

// TestParseLegs reads platform=digest pairs, and names a wrong one.
func TestParseLegs(t *testing.T) {
	a, b := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	for text, want := range map[string]int{
		"": 0, " ,\n\t": 0, "linux/amd64=" + a: 1, "linux/amd64=" + a + ",linux/arm64=" + b: 2,
		"linux/amd64=" + a + "\n linux/arm64/v8=" + b + ",linux/arm64=" + b: 2,
	} {
		legs, err := parseLegs(text)
		if err != nil || len(legs) != want || want == 2 && (legs["linux/amd64"] != a || legs["linux/arm64"] != b) {
			t.Errorf("%q: %v, %v", text, legs, err)
		}
	}
	for text, why := range map[string]string{
		"linux/amd64":                                  "it has no digest",
		"amd64=" + a:                                   `leg "amd64=`,
		"linux/amd64=latest":                           "its digest is not sha256:<64 hex digits>",
		"linux/amd64=" + a + ",linux/amd64=" + b:       "there are two for its platform",
		"linux/amd64=" + a + ",linux/arm64=sha256:abc": `leg "linux/arm64=sha256:abc": `,
	} {
		_, err := parseLegs(text)
		wants(t, err, 2, why)
		wants(t, err, 2, "hint: a leg is platform=digest")
	}
	r := newRig(t, sound)
	wants(t, Publish(t.Context(), r.app("legs", "x"), PublishFlags{}), 2, "it has no digest")
	if len(r.registry.Requests()) > 0 {
		t.Errorf("%v", r.registry.Requests())
	}
}

// TestPublic: what anonymous clients can pull.
func TestPublic(t *testing.T) {
	r := newRig(t, sound)
	wants(t, Public(t.Context(), r.app()), 3, r.ref.String()+" for anonymous clients: ")
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t)), PublishFlags{}), 0, "")
	a := r.app()
	a.JSON = true
	wants(t, Public(t.Context(), a), 0, "")
	got := decode[map[string]string](t, r.out.String())
	if got["ref"] != r.ref.String() || got["digest"] != r.registry.Digest("example/base", r.ref.Tag) || len(got) != 2 {
		t.Errorf("%v", got)
	}
	t.Setenv("TOOL_CONNECT_TIMEOUT", "1ns")
	wants(t, Public(t.Context(), r.app()), 6, "")
	t.Setenv("TOOL_CONNECT_TIMEOUT", "")
	host, err := lab.RefusedHost()
	if err != nil {
		t.Fatal(err)
	}
	wants(t, Public(t.Context(), r.app("repository", host+"/a/b")), 6, "for anonymous clients: ")
	wants(t, Public(t.Context(), r.app("repository", "x")), 2, "")
}

// TestForce replaces the digest that is named, and no other.
func TestForce(t *testing.T) {
	r := newRig(t, sound)
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t)), PublishFlags{}), 0, "")
	old := r.registry.Digest("example/base", r.ref.Tag)
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t), "force", "sha256:"+strings.Repeat("0", 64)), PublishFlags{}), 2, old)
	wants(t, Publish(t.Context(), r.app("legs", r.legs(t), "force", old), PublishFlags{}), 0, "")
	r.outputs(t, map[string]string{"outcome": "published", "state": "complete"})
	if now := r.registry.Digest("example/base", r.ref.Tag); now == old || now == "" {
		t.Errorf("it is still %s", now)
	}
}

// TestBuild: what a builder is asked for, and its own words where it fails.
func TestBuild(t *testing.T) {
	r := newRig(t, sound)
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	script := "#!/bin/sh\necho \"$*\" >> " + bin + "/log\ncase \"$1 $2\" in 'buildx inspect') echo 'Driver: remote'; echo 'Platforms: linux/amd64, linux/arm64' ;; 'buildx build') echo words; exit 1 ;; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for noCache, builder := range map[bool]string{true: "mine", false: "yours"} {
		os.Remove(filepath.Join(bin, "log"))
		err := Leg(t.Context(), r.app("builder", builder, "runtime", "docker"), "linux/amd64", PublishFlags{NoCache: noCache})
		wants(t, err, 1, "docker buildx build: ")
		log, err := os.ReadFile(filepath.Join(bin, "log"))
		if err != nil || strings.Contains(string(log), " --no-cache ") != noCache || !strings.Contains(string(log), " --builder "+builder+" ") || strings.Contains(string(log), "arm64") {
			t.Errorf("%s, %v", log, err)
		}
		if !strings.Contains(r.said.String(), "::group::building "+r.ref.String()+" for linux/amd64 with buildx (builder "+builder+")\n") || !strings.Contains(r.said.String(), "words\n") {
			t.Errorf("%q", r.said.String())
		}
	}
}

// TestPatience: publishing sits out a registry's bad minute.
func TestPatience(t *testing.T) {
	r := newRig(t, sound)
	r.registry.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	})
	wants(t, Publish(t.Context(), r.app(), PublishFlags{}), 6, r.ref.String())
	if got := len(r.registry.Requests()); got != registry.CIRetry.Tries {
		t.Errorf("%d attempts", got)
	}
}

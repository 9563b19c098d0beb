package builder_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/tag"
)

// foreign is an environment that would change what builders build.
var foreign = map[string]string{
	"SOURCE_DATE_EPOCH": "7", "BUILDX_GIT_LABELS": "full", "BUILDX_NO_DEFAULT_ATTESTATIONS": "0", "BUILDX_EXPERIMENTAL": "1",
	"BUILDKIT_PROGRESS": "rawjson", "DOCKER_BUILDKIT": "0", "DOCKER_DEFAULT_PLATFORM": "linux/s390x",
	"BUILDAH_FORMAT": "docker", "BUILDAH_LAYERS": "false", "BUILDAH_HISTORY": "true", "BUILDAH_CPPFLAGS": "-DX", "PODMAN_USERNS": "auto",
}

// proxies are a shell's; nothing is fetched through them here.
var proxies = map[string]string{
	"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
	"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
}

// TestEnvironmentChangesNothing: a leg has the same bits whatever the
// environment says, and whatever proxies docker's configuration has.
func TestEnvironmentChangesNothing(t *testing.T) {
	const env = `RUN ["/bin/seed", "env", "/etc/env"]`
	for _, row := range []struct {
		name  string
		env   map[string]string
		lines []string
	}{
		{"builder's variables", foreign, []string{"ARG SOURCE_DATE_EPOCH=1785801600", env}},
		{"proxies", proxies, []string{"ARG SOURCE_DATE_EPOCH=1785801600", `RUN ["/bin/seed", "write", "/etc/x", "y"]`}},
		{"proxies that the file names", proxies, []string{"ARG HTTP_PROXY=none", "ENV P=$HTTP_PROXY", env}},
	} {
		for _, runtime := range []string{"docker", "podman"} {
			t.Run(row.name+"/"+runtime, func(t *testing.T) {
				b := start(t, runtime)
				r := leg.Request{
					Containerfile: lab.Containerfile(labtest.Seed(t, b.upstream), row.lines...),
					Repository:    b.base.Repository, Platforms: both[:1], NoCache: true, Labels: map[string]string{tag.Label: "x"},
				}
				want := b.legsOf(t, r)
				for k, v := range row.env {
					t.Setenv(k, v)
				}
				if row.env["HTTP_PROXY"] != "" {
					setProxies(t)
				}
				if b.find(t, runtime); !slices.Equal(b.legsOf(t, r), want) {
					t.Errorf("other bits than %q", want)
				}
			})
		}
	}
}

// setProxies gives docker's configuration the proxies.
func setProxies(t *testing.T) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		return
	}
	b, err := json.Marshal(map[string]any{"proxies": map[string]any{"default": map[string]string{
		"httpProxy": proxies["HTTP_PROXY"], "noProxy": proxies["NO_PROXY"],
	}}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoTime: a file that gives its image something else than a time is bad
// input, and nothing is built.
func TestNoTime(t *testing.T) {
	r := request
	r.Containerfile = []byte("FROM scratch\nARG SOURCE_DATE_EPOCH=tomorrow\n")
	fakeDocker(t, metadata)
	buildx := find("")
	_, err := buildx.Build(t.Context(), r)
	fakePodman(t, "")
	_, podmanErr := findFakePodman().Build(t.Context(), r)
	for _, err := range []error{err, podmanErr} {
		if unfit := new(leg.Error); !errors.As(err, &unfit) || !strings.Contains(unfit.Reason, "SOURCE_DATE_EPOCH=tomorrow is not a time") {
			t.Errorf("%v", err)
		}
	}
}

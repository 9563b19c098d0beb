package buildenv_test

import (
	"slices"
	"testing"

	"github.com/vessux/openlock/internal/buildenv"
)

func TestOf(t *testing.T) {
	always := []string{"BUILDX_NO_DEFAULT_ATTESTATIONS=1", "DOCKER_BUILDKIT=1"}
	for _, row := range []struct {
		variable string
		kept     bool
	}{
		{"PATH=/bin", true}, {"DOCKER_HOST=unix:///x", true}, {"CONTAINERS_STORAGE_CONF=/x", true}, {"SOURCE_DATE=1", true},
		{"HTTP_PROXY=http://x", true}, {"https_proxy=http://x", true},
		{"BUILDX_BUILDER=mine", true}, {"BUILDX_CONFIG=/x", true}, {"BUILDAH_ISOLATION=chroot", true},
		{"SOURCE_DATE_EPOCH=1", false}, {"BUILDX_GIT_LABELS=full", false}, {"BUILDX_NO_DEFAULT_ATTESTATIONS=0", false},
		{"BUILDKIT_PROGRESS=rawjson", false}, {"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY=/x", false},
		{"DOCKER_BUILDKIT=0", false}, {"DOCKER_DEFAULT_PLATFORM=linux/s390x", false},
		{"BUILDAH_FORMAT=docker", false}, {"BUILDAH_LAYERS=false", false}, {"PODMAN_USERNS=auto", false},
	} {
		want := always
		if row.kept {
			want = append([]string{row.variable}, always...)
		}
		if got := buildenv.Of([]string{row.variable}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", row.variable, got, want)
		}
	}
}

func TestPodman(t *testing.T) {
	for text, want := range map[string]bool{
		"FROM scratch\nARG http_proxy=none\n": true, "FROM scratch\nARG A=1 \\\n  NO_PROXY=x\n": true,
		"FROM scratch\nRUN proxy\n": false, "": false,
	} {
		if got := slices.Contains(buildenv.Podman([]byte(text)), "--http-proxy=false"); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

package builder_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/layout"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
)

// fakePodman puts a podman into an otherwise empty PATH that has built an image
// for each of [both], and has it as long as its name is. It writes down what it
// was asked into the file that it returns. A script for a verb takes the verb's
// place.
func fakePodman(t *testing.T, script string) (log string, built map[string]v1.Image) {
	t.Helper()
	bin, layouts, names := t.TempDir(), t.TempDir(), t.TempDir()
	built = map[string]v1.Image{}
	for _, platform := range both {
		built[platform] = commented(t, platform)
		if err := layout.Write(filepath.Join(layouts, platform), built[platform]); err != nil {
			t.Fatal(err)
		}
	}
	log = filepath.Join(bin, "log")
	text := "#!/bin/sh\nfor a; do echo \"$a\" >> " + log + "; done\ncase $1 in\n" + script + `
build)
	while [ $# -gt 1 ]; do
		case $1 in
		--platform) platform=$2 ;;
		--tag) echo "$platform" > "` + names + `/${2#localhost/}" ;;
		esac
		shift
	done ;;
save)
	read -r platform < "` + names + `/${4#localhost/}" || exit 125
	exec /bin/tar -C "` + layouts + `/$platform" -c . ;;
rmi) /bin/rm "` + names + `/${2#localhost/}" ;;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "podman"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	t.Cleanup(func() {
		if left, err := os.ReadDir(names); err != nil || len(left) > 0 {
			t.Errorf("podman still has %v, %v", left, err)
		}
	})
	return log, built
}

// commented is an image with the notes that podman makes of its machine.
func commented(t *testing.T, platform string) v1.Image {
	t.Helper()
	image, err := lab.Image(platform, "label")
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.History = []v1.History{{CreatedBy: "a step", Comment: "FROM a name that this machine has"}}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return mutate.Annotations(image, map[string]string{"org.opencontainers.image.base.name": "a name that this machine has"}).(v1.Image)
}

func findFakePodman() leg.Builder {
	return builder.New(builder.Options{Runtime: "podman", Registry: registry.Options{Retry: registry.Retry{Tries: 1}}})
}

// cleaned fails the test where a build has left files behind.
func cleaned(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestPodmanIsAskedFor: podman builds each platform without its cache, and what
// it has built is pushed from here, by digest alone.
func TestPodmanIsAskedFor(t *testing.T) {
	log, built := fakePodman(t, "")
	r := request
	at := labtest.Registry(t)
	r.Repository = at.Host() + "/vessux/openlock-base"
	digests, err := findFakePodman().Build(t.Context(), r)
	if err != nil || len(digests) != len(both) {
		t.Fatalf("%q, %v", digests, err)
	}
	repo, err := name.NewRepository(r.Repository)
	if err != nil {
		t.Fatal(err)
	}
	for i, platform := range both {
		image, err := remote.Image(repo.Digest(digests[i]))
		if err != nil {
			t.Fatalf("%s: %v", platform, err)
		}
		isPlain(t, image, built[platform])
	}
	if tags, err := remote.List(repo); err == nil && len(tags) > 0 {
		t.Errorf("the tags %q were put", tags)
	}
	args := argsIn(t, log)
	for _, want := range []string{"--no-cache", "oci", "linux/amd64", "linux/arm64", "--timestamp", "12", "label=a b"} {
		if !slices.Contains(args, want) {
			t.Errorf("%q lacks %q", args, want)
		}
	}
	cleaned(t)
}

// isPlain fails the test unless an image is the one that was built, without
// what podman notes of its machine.
func isPlain(t *testing.T, image, built v1.Image) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want, err := built.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(config.RootFS.DiffIDs, want.RootFS.DiffIDs) || config.Platform().String() != want.Platform().String() {
		t.Errorf("%+v, want %+v", config, want)
	}
	if len(config.History) != 1 || config.History[0].CreatedBy != "a step" || config.History[0].Comment != "" || len(manifest.Annotations) > 0 {
		t.Errorf("history %+v, annotations %v", config.History, manifest.Annotations)
	}
}

// TestPodmanFails: what becomes of a step that fails, and that no files are left.
func TestPodmanFails(t *testing.T) {
	for _, row := range []struct{ name, script, want string }{
		{"step fails", "build) exit 3 ;;", "podman build: exit status 3"},
		{"no image", "build) ;;", "podman save: exit status 125"},
		{"no archive", "save) exit 4 ;;", "podman save: exit status 4"},
		{"no tar", "save) echo oops ;;", "the archive of what was built: "},
		{"no layout", "save) exec /bin/tar -c -T /dev/null ;;", "what podman built: "},
	} {
		t.Run(row.name, func(t *testing.T) {
			fakePodman(t, row.script)
			r := request
			r.Repository = labtest.Registry(t).Host() + "/vessux/openlock-base"
			digests, err := findFakePodman().Build(t.Context(), r)
			if push := new(leg.PushError); err == nil || errors.As(err, &push) || !strings.HasPrefix(err.Error(), row.want) || digests != nil {
				t.Errorf("%q, %v, want %q", digests, err, row.want)
			}
			cleaned(t)
		})
	}
}

// TestPodmanPushFails: a registry that refuses the permission, or fails during
// the push, has not taken what was built.
func TestPodmanPushFails(t *testing.T) {
	refuses, ok := fault.Named("upload", "403")
	if !ok {
		t.Fatal("no such fault")
	}
	breaks := func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/manifests/") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			inner.ServeHTTP(w, req)
		})
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"refused": func(inner http.Handler) http.Handler { return fault.Handler(inner, refuses) },
		"broken":  breaks,
	} {
		t.Run(name, func(t *testing.T) {
			fakePodman(t, "")
			at := labtest.Registry(t)
			at.Wrap(wrap)
			r := request
			r.Repository = at.Host() + "/vessux/openlock-base"
			if _, err := findFakePodman().Build(t.Context(), r); !errors.As(err, new(*leg.PushError)) {
				t.Errorf("%v", err)
			}
			cleaned(t)
		})
	}
	fakePodman(t, "")
	r := request
	r.Repository = "no host"
	if _, err := findFakePodman().Build(t.Context(), r); err == nil || errors.As(err, new(*leg.PushError)) {
		t.Errorf("a wrong name: %v", err)
	}
}

// exporter is what every builder can do beside: build into an OCI layout.
type exporter interface {
	Export(ctx context.Context, r leg.Request, dir string) error
}

// TestExport: one platform is built into a layout, and nothing is pushed.
func TestExport(t *testing.T) {
	one := request
	one.Platforms = both[1:]
	t.Run("podman", func(t *testing.T) {
		_, built := fakePodman(t, "")
		b := findFakePodman().(exporter)
		dir := filepath.Join(t.TempDir(), "layout")
		if err := b.Export(t.Context(), one, dir); err != nil {
			t.Fatal(err)
		}
		image, err := layout.Image(dir)
		if err != nil {
			t.Fatal(err)
		}
		isPlain(t, image, built[both[1]])
		onePlatform(t, b)
		fakePodman(t, "build) exit 3 ;;")
		if err := findFakePodman().(exporter).Export(t.Context(), one, dir+"2"); err == nil || err.Error() != "podman build: exit status 3" {
			t.Errorf("%v", err)
		}
		cleaned(t)
	})
	t.Run("buildx", func(t *testing.T) {
		from := t.TempDir()
		image := commented(t, both[1])
		if err := layout.Write(from, image); err != nil {
			t.Fatal(err)
		}
		log := fakeDocker(t, "'buildx build') exec /bin/tar -C "+from+" -c . ;;")
		t.Setenv("TMPDIR", t.TempDir())
		b := find("").(exporter)
		dir := filepath.Join(t.TempDir(), "layout")
		if err := b.Export(t.Context(), one, dir); err != nil {
			t.Fatal(err)
		}
		sameImage(t, dir, image)
		asked := argsIn(t, log)
		if !slices.Contains(asked, "linux/arm64") || !slices.Contains(asked, "type=oci,dest=-,rewrite-timestamp=true,oci-mediatypes=true") {
			t.Errorf("%q", asked)
		}
		onePlatform(t, b)
		cleaned(t)
	})
}

func onePlatform(t *testing.T, b exporter) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := b.Export(t.Context(), request, dir); err == nil || err.Error() != "builders export one platform at a time, not 2" {
		t.Errorf("two platforms: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// sameImage fails the test unless a layout holds an image.
func sameImage(t *testing.T, dir string, want v1.Image) {
	t.Helper()
	got, err := layout.Image(dir)
	if err != nil {
		t.Fatal(err)
	}
	gotDigest, err := got.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := want.Digest(); err != nil || gotDigest != digest {
		t.Errorf("%s, %v; want %s", gotDigest, err, digest)
	}
}

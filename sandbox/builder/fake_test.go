package builder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/reproduce"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/leg"
)

// What a fake docker says that it pushed, for amd64 and for arm64.
const (
	digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	other  = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
)

// fakeDocker puts a docker into an otherwise empty PATH that runs a script for
// buildx's verbs, and writes down what it was asked. It returns that file.
func fakeDocker(t *testing.T, script string) (log string) {
	t.Helper()
	bin := t.TempDir()
	log = filepath.Join(bin, "log")
	text := "#!/bin/sh\nfor a; do echo \"$a\" >> " + log + "; done\ncase \"$1 $2\" in\n'buildx version') ;;\n" + script + "\nesac\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("BUILDX_BUILDER", "")
	return log
}

// argsIn lists what a fake program was asked, one argument after the other.
func argsIn(t *testing.T, log string) []string {
	t.Helper()
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func find(name string) leg.Builder {
	return builder.New(builder.Options{Runtime: "docker", Name: name})
}

var request = leg.Request{
	Containerfile: []byte("FROM scratch\nARG A=1 SOURCE_DATE_EPOCH=12\n"), Repository: "127.0.0.1:1/vessux/openlock-base", Platforms: both,
	Labels: map[string]string{"label": "a b"},
}

// metadata is a script that reports a digest where buildx was told to.
const metadata = `'buildx build')
digest=` + digest + `
while [ "$1" != --metadata-file ]; do
	if [ "$1 $2" = '--platform linux/arm64' ]; then digest=` + other + `; fi
	shift
done
echo "{\"containerimage.digest\": \"$digest\"}" > "$2" ;;`

// TestBuildxIsAskedFor: once for each platform.
func TestBuildxIsAskedFor(t *testing.T) {
	log := fakeDocker(t, metadata)
	got, err := find("mine").Build(t.Context(), request)
	if err != nil || !slices.Equal(got, []string{digest, other}) {
		t.Fatalf("%q, %v", got, err)
	}
	args := argsIn(t, log)
	for _, want := range []string{
		"--provenance=false", "--sbom=false", "mine", "linux/amd64", "linux/arm64", "label=a b", "SOURCE_DATE_EPOCH=12",
		"type=image,name=" + request.Repository + ",push=true,push-by-digest=true,name-canonical=true,rewrite-timestamp=true,oci-mediatypes=true",
	} {
		if !slices.Contains(args, want) {
			t.Errorf("%q lacks %q", args, want)
		}
	}
	if slices.Contains(args, "--no-cache") {
		t.Error("the cache is off")
	}
}

// TestBuildxFails: what a builder says when it fails, and what comes of it.
func TestBuildxFails(t *testing.T) {
	for _, row := range []struct {
		name, script string
		push         bool
		want         string
	}{
		{"step fails", "'buildx build') echo 'ERROR: process did not complete'; exit 1 ;;", false, "docker buildx build: exit status 1"},
		{"push fails", "'buildx build') echo 'ERROR: failed to solve: failed to push 127.0.0.1:1/x: unexpected status: 500'; exit 1 ;;", true, "failed to push 127.0.0.1:1/x"},
		{"push fails at once", "'buildx build') echo 'failed to push 127.0.0.1:1/x: 500'; exit 1 ;;", true, "failed to push 127.0.0.1:1/x"},
		{"FROM is refused", "'buildx build') echo 'ERROR: failed to solve: x: failed to authorize: failed to fetch anonymous token: 500'; exit 1 ;;", false, "exit status 1"},
		{"digest in the output only", "'buildx build') echo '#9 exporting manifest " + digest + " 0.1s done'; echo '#5 0.1 exporting manifest " + other + "' ;;", false, ""},
		{"no report", "'buildx build') ;;", false, "no digest"},
		{"report without digest", strings.ReplaceAll(metadata, "$digest", ""), false, "no digest"},
		{"report of something else", strings.ReplaceAll(metadata, `"{\"containerimage.digest\": \"$digest\"}"`, "oops"), false, "invalid character"},
	} {
		t.Run(row.name, func(t *testing.T) {
			fakeDocker(t, row.script)
			_, err := find("").Build(t.Context(), request)
			push := new(leg.PushError)
			if row.want == "" != (err == nil) || errors.As(err, &push) != row.push || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func TestBuildxCheck(t *testing.T) {
	inspect := func(text string) string { return "'buildx inspect') echo '" + text + "' ;;" }
	for _, row := range []struct{ name, script, want string }{
		{"fit", inspect("Name: x\nDriver: docker-container\nPlatforms: linux/amd64*, linux/amd64/v2, linux/arm64"), ""},
		{"two nodes", inspect("Driver: remote\nPlatforms: linux/amd64\n\nName: b\nPlatforms: linux/arm64*"), ""},
		{"docker driver", inspect("Driver: docker\nPlatforms: linux/amd64, linux/arm64"), "docker driver"},
		{"one platform", inspect("Driver: remote\nPlatforms: linux/amd64"), "cannot build for linux/arm64, only for linux/amd64"},
		{"nothing", inspect(""), "cannot build for linux/amd64, linux/arm64"},
		{"no such builder", "'buildx inspect') echo 'ERROR: no builder \"gone\" found' >&2; exit 1 ;;", `no builder "gone" found`},
	} {
		t.Run(row.name, func(t *testing.T) {
			fakeDocker(t, row.script)
			err := find("x").Check(t.Context(), both)
			unfit := new(leg.Error)
			switch {
			case row.want == "" && err != nil:
				t.Error(err)
			case row.want != "" && (!errors.As(err, &unfit) || !strings.Contains(err.Error(), row.want) || unfit.Remedy == ""):
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

// TestBuildxChecksTheChosenBuilder, or the one in use where none was chosen.
func TestBuildxChecksTheChosenBuilder(t *testing.T) {
	for name, want := range map[string][]string{"": {"buildx", "inspect", "--bootstrap"}, "mine": {"buildx", "inspect", "--bootstrap", "mine"}} {
		log := fakeDocker(t, "'buildx inspect') echo 'Driver: remote'; echo 'Platforms: linux/amd64, linux/arm64' ;;")
		if err := find(name).Check(t.Context(), both); err != nil {
			t.Error(err)
		}
		if got := argsIn(t, log); !slices.Equal(got[2:], want) { // after buildx version
			t.Errorf("%q: %q", name, got)
		}
	}
}

// fits is buildx's answer of a builder that can build for both platforms.
const fits = "'buildx inspect') echo 'Driver: remote'; echo 'Platforms: linux/amd64, linux/arm64' ;;"

// TestNew: the options choose a builder that is installed, once one is needed.
func TestNew(t *testing.T) {
	log := fakeDocker(t, fits)
	for runtime, want := range map[string]string{"": "buildx", "auto": "buildx", "docker": "buildx", "podman": "", "buildah": ""} {
		b := builder.New(builder.Options{Runtime: runtime})
		if b.Name() != "a builder" {
			t.Errorf("%q before Check: %s", runtime, b.Name())
		}
		if _, err := os.Stat(log); err == nil {
			t.Fatalf("%q: New ran docker", runtime)
		}
		err := b.Check(t.Context(), both)
		if unfit := new(leg.Error); want == "" != errors.As(err, &unfit) || err == nil && b.Name() != want {
			t.Errorf("%q: %s, %v", runtime, b.Name(), err)
		}
		os.Remove(log)
	}
	t.Setenv("BUILDX_BUILDER", "theirs")
	if b := find(""); b.Check(t.Context(), both) != nil || b.Name() != "buildx (builder theirs)" {
		t.Errorf("%s", b.Name())
	}
}

// TestNoBuilder: where none can be used, every way fails and says why.
func TestNoBuilder(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	script(t, bin, "docker", "echo 'unknown command: docker buildx' >&2\nexit 1")
	b := builder.New(builder.Options{})
	_, buildErr := b.Build(t.Context(), request)
	exportErr := b.(reproduce.Exporter).Export(t.Context(), request, bin)
	for _, err := range []error{b.Check(t.Context(), both), buildErr, exportErr} {
		unfit := new(leg.Error)
		if !errors.As(err, &unfit) || !strings.Contains(err.Error(), "docker has no buildx") || !strings.Contains(err.Error(), "podman is not installed") {
			t.Errorf("%v", err)
		}
	}
	if err := builder.New(builder.Options{Runtime: "podman"}).Check(t.Context(), both); err == nil || strings.Contains(err.Error(), "docker") {
		t.Errorf("runtime podman: %v", err)
	}
	script(t, bin, "podman", "")
	if b.Check(t.Context(), []string{"linux/" + runtime.GOARCH}) != nil || b.Name() != "podman" {
		t.Errorf("%s", b.Name())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := builder.New(builder.Options{}).Check(ctx, both); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// script puts a program into a directory.
func script(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestPodmanAsDocker: a docker that is podman is used as podman.
func TestPodmanAsDocker(t *testing.T) {
	log := fakeDocker(t, "*) exit 3 ;;")
	docker := filepath.Join(filepath.Dir(log), "docker")
	if err := os.WriteFile(docker, []byte("#!/bin/sh\necho \"$1\" >> "+log+"\n[ \"$*\" = 'buildx version' ] && echo 'buildah 1.42.2'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir()) // podman is not asked where it would write
	for _, runtime := range []string{"auto", "docker"} {
		b := builder.New(builder.Options{Runtime: runtime})
		if err := b.Check(t.Context(), nil); err != nil || b.Name() != "podman" {
			t.Fatalf("%s: %s, %v", runtime, b.Name(), err)
		}
		if _, err := b.Build(t.Context(), request); err == nil {
			t.Error("it builds")
		}
	}
	asked, err := os.ReadFile(log)
	if want := "buildx\nbuild\n"; err != nil || !strings.HasPrefix(string(asked), want) {
		t.Errorf("%q, %v", asked, err)
	}
}

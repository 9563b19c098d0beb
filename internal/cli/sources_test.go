package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
)

// sha is a digest.
var sha = "sha256:" + strings.Repeat("0a", 32)

// samples are, for each setting, two good values, a bad one with the end of its
// message, and how to read what was set.
var samples = map[string]struct {
	good [2]string
	bad  string
	why  string
	read func(Settings) any
	want [2]any
}{
	"repository": {[2]string{"a.example/b", "c.example/d"}, "no repository", "", func(s Settings) any { return s.Base.Repository }, [2]any{"a.example/b", "c.example/d"}},
	"runtime":    {[2]string{"podman", "docker"}, "crio", `"crio": want auto, podman or docker`, func(s Settings) any { return s.Runtime }, [2]any{"podman", "docker"}},
	"verify":     {[2]string{"off", "key=k"}, "", "", func(s Settings) any { return s.verify.text }, [2]any{"off", "key=k"}},
	"platform":   {[2]string{"linux/arm64", "linux/arm/v7"}, "windows", "windows", func(s Settings) any { return s.platform }, [2]any{"linux/arm64", "linux/arm/v7"}},
	"platforms": {[2]string{"linux/arm64", "linux/amd64,linux/arm/v7"}, "linux/amd64,x", `"x"`, func(s Settings) any { return strings.Join(s.Platforms, "+") },
		[2]any{"linux/arm64", "linux/amd64+linux/arm/v7"}},
	"pull":    {[2]string{"always", "never"}, "often", `"often": want missing, always or never`, func(s Settings) any { return s.Pull }, [2]any{sandbox.PolicyAlways, sandbox.PolicyNever}},
	"build":   {[2]string{"always", "never"}, "often", `"often": want missing, always or never`, func(s Settings) any { return s.Build }, [2]any{sandbox.PolicyAlways, sandbox.PolicyNever}},
	"builder": {[2]string{"a", "b"}, "-x", `"-x" is not the name of a builder`, func(s Settings) any { return s.Builder }, [2]any{"a", "b"}},
	"legs":    {[2]string{"a=b", "c=d"}, "", "", func(s Settings) any { return s.Legs }, [2]any{"a=b", "c=d"}},
	"sign":    {[2]string{"keyless", "cosign.key"}, "", "", func(s Settings) any { return s.Sign }, [2]any{"keyless", "cosign.key"}},
	"force":   {[2]string{sha, sha}, "latest", `"latest" is not a digest, sha256:<64 hex digits>`, func(s Settings) any { return s.Force }, [2]any{sha, sha}},
	"digest":  {[2]string{sha, sha}, "sha256:0A", `"sha256:0A" is not a digest, sha256:<64 hex digits>`, func(s Settings) any { return s.Digest }, [2]any{sha, sha}},

	"trust-host": {[2]string{"r.example=a.example", "r.example=b:1"}, "r.example", `trusted host "r.example": want REGISTRY=HOST, each with or without a port`,
		func(s Settings) any { return strings.Join(s.Registry.TrustHosts["r.example"], "+") }, [2]any{"a.example", "b:1"}},

	"connect-timeout": timeout(func(s Settings) time.Duration { return s.Registry.ConnectTimeout }),
	"header-timeout":  timeout(func(s Settings) time.Duration { return s.Registry.HeaderTimeout }),
	"probe-timeout":   timeout(func(s Settings) time.Duration { return s.Registry.Timeout }),
	"pull-timeout":    timeout(func(s Settings) time.Duration { return s.pullTimeout }),
	"build-timeout":   timeout(func(s Settings) time.Duration { return s.buildTimeout }),
	"wait-timeout":    timeout(func(s Settings) time.Duration { return s.waitTimeout }),
	"verify-timeout":  timeout(func(s Settings) time.Duration { return s.verifyTimeout }),
}

func timeout(read func(Settings) time.Duration) (row struct {
	good [2]string
	bad  string
	why  string
	read func(Settings) any
	want [2]any
}) {
	row.good, row.want = [2]string{"1ns", "7m"}, [2]any{time.Nanosecond, 7 * time.Minute}
	row.bad, row.why = "0s", `"0s": want a time such as 500ms, 2s or 1m`
	row.read = func(s Settings) any { return read(s) }
	return row
}

// TestSources: a flag wins over the environment, that over the configuration
// file, and that over the default; a bad value names where it comes from.
func TestSources(t *testing.T) {
	config := isolate(t)
	for i := range table {
		r := &table[i]
		if r.name() == "containerfile" {
			continue // see TestPathsOfTheFile
		}
		sample, ok := samples[r.name()]
		if !ok {
			t.Errorf("%s has no sample", r.name())
			continue
		}
		t.Run(r.name(), func(t *testing.T) {
			s, err := Flags{}.resolve(Openlock, base.Default())
			if err != nil {
				t.Fatal(err)
			}
			check := func(where string, flags Flags, want any) {
				t.Helper()
				if s, err := flags.resolve(Openlock, base.Default()); err != nil || sample.read(s) != want {
					t.Errorf("%s: %v, %v; want %v", where, sample.read(s), err, want)
				}
			}
			refuse := func(where string, flags Flags, from string) {
				t.Helper()
				if sample.bad == "" {
					return
				}
				_, err := flags.resolve(Openlock, base.Default())
				if ExitCode(err) != 2 || !strings.HasPrefix(err.Error(), from) || !strings.Contains(err.Error(), sample.why) {
					t.Errorf("%s: %v; want %s… %s", where, err, from, sample.why)
				}
			}
			check("default", nil, sample.read(s))
			if r.key != "" {
				write(t, config, fmt.Sprintf("%s = %q", r.key, sample.bad))
				refuse("file", nil, config+": ")
				write(t, config, fmt.Sprintf("%s = %q", r.key, sample.good[0]))
				check("file", nil, sample.want[0])
				defer os.Remove(config)
			}
			if r.env != "" {
				t.Setenv("OPENLOCK_"+r.env, sample.bad)
				refuse("environment", nil, "OPENLOCK_"+r.env+": ")
				t.Setenv("OPENLOCK_"+r.env, sample.good[1])
				check("environment over file", nil, sample.want[1])
			}
			check("flag over all", Flags{r.name(): &sample.good[0]}, sample.want[0])
			refuse("flag", Flags{r.name(): &sample.bad}, "")
		})
	}
}

// TestFlagMessages: a value that the user has just typed is not said to come
// from anywhere but the flag.
func TestFlagMessages(t *testing.T) {
	isolate(t)
	for name, want := range map[string]string{
		"pull": `--pull "x": want missing, always or never`, "runtime": `--runtime "x": want auto, podman or docker`,
		"probe-timeout": `--probe-timeout "x": want a time such as 500ms, 2s or 1m`, "force": `--force "x" is not a digest, sha256:<64 hex digits>`,
	} {
		if _, err := (Flags{name: ptr("x")}).resolve(Openlock, base.Default()); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := (Flags{"probe-timeout": ptr("-1s")}).resolve(Openlock, base.Default()); ExitCode(err) != 2 {
		t.Errorf("a negative timeout: %v", err)
	}
}

// TestPinnedDigest: the digest of openlock's own image holds for its own
// Containerfile only.
func TestPinnedDigest(t *testing.T) {
	isolate(t)
	own := base.Default()
	own.Digest = sha
	dir := t.TempDir()
	same, other := filepath.Join(dir, "same"), filepath.Join(dir, "other")
	write(t, same, string(own.Containerfile))
	write(t, other, "FROM scratch\n")
	for path, want := range map[string]string{same: sha, other: ""} {
		s, err := Flags{"containerfile": &path}.resolve(Openlock, own)
		if err != nil || s.Base.Digest != want {
			t.Errorf("%s: %q, %v; want %q", path, s.Base.Digest, err, want)
		}
	}
	s, err := Flags{}.resolve(Openlock, own)
	if err != nil || s.Base.Digest != sha || s.file != "" || s.platform != "" || s.Platforms != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestProject: what belongs to a project that imports the targets.
func TestProject(t *testing.T) {
	isolate(t)
	if p := (Project{}).Program(); p != Openlock {
		t.Errorf("%+v", p)
	}
	for want, p := range map[Program]Project{
		{Name: "tool-base"}:     {Repository: "ghcr.io/example/tool-base"},
		{Name: "openlock-base"}: {Containerfile: "x"},
		{Name: "tool", EnvPrefix: "TOOL_", ConfigDir: "tool"}: {Repository: "a/b", Name: "tool", EnvPrefix: "TOOL_", ConfigDir: "tool"},
	} {
		if got := p.Program(); got != want {
			t.Errorf("%+v: %+v", p, got)
		}
	}
	file := filepath.Join(t.TempDir(), "f")
	write(t, file, "FROM scratch\n")
	own := base.Default()
	own.Digest = sha
	for _, row := range []struct {
		p    Project
		want sandbox.Base
	}{
		{Project{}, own},
		{Project{Name: "tool"}, own},
		{Project{Repository: "a.example/b"}, sandbox.Base{Containerfile: own.Containerfile, Repository: "a.example/b"}},
		{Project{Containerfile: file}, sandbox.Base{Containerfile: []byte("FROM scratch\n"), Repository: own.Repository}},
	} {
		b, err := row.p.image(own)
		if err != nil || b.Identity() != row.want.Identity() || b.Repository != row.want.Repository || b.Digest != row.want.Digest {
			t.Errorf("%+v: %+v, %v", row.p, b, err)
		}
	}
	a := App{Program: Openlock, Out: &strings.Builder{}, Flags: Flags{}, Project: Project{Containerfile: file + "x"}}
	if _, err := a.Start(); ExitCode(err) != 2 {
		t.Errorf("a Containerfile that is missing: %v", err)
	}
}

package base_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/reproduce"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestSameBitsTwice does with the stand-in what release:reproduce does with
// base.Containerfile: it builds it twice without cache for every platform that
// is published, and compares.
func TestSameBitsTwice(t *testing.T) {
	// Five minutes where the lab has its Debian already; a machine that does
	// much else beside takes three times as long. Most of it is apt, emulated.
	ctx := labtest.Context(t, 20*time.Minute)
	upstream := labtest.Registry(t)
	setenv(t, labtest.Builder(t, upstream.Host()).Env)
	e := exporter(t, "docker")
	s := newStandIn(t, labtest.Debian(ctx, t, upstream, "amd64", "arm64"))

	t.Run("what is planted is named", func(t *testing.T) {
		outcomes := buildTwice(ctx, t, e, s.planted(t), "linux/"+runtime.GOARCH)
		want := []reproduce.Difference{
			{Layer: 1, File: "var/log/dpkg.log", What: "its content"},
			{Layer: 3, File: "sandbox/dice", What: "its content"},
		}
		if found := outcomes[0].Differences; !slices.Equal(found, want) {
			t.Errorf("%v, want %v", found, want)
		}
	})
	t.Run("equal", func(t *testing.T) {
		outcomes := buildTwice(ctx, t, e, s.containerfile, sandbox.Platforms()...)
		digests := map[string]bool{}
		for _, o := range outcomes {
			t.Logf("%s %s", o.Platform, o.Digest)
			digests[o.Digest] = true
			for _, d := range o.Differences[:min(20, len(o.Differences))] {
				t.Errorf("%s: %s", o.Platform, d)
			}
		}
		if len(digests) != len(outcomes) {
			t.Errorf("%d images for %d platforms", len(digests), len(outcomes))
		}
	})
}

// planted is the stand-in with what differs between builds: a log that the apt
// step no longer removes, and, in place of what comes after the users, a step
// of its own. Without what is downloaded, it takes half the time.
func (s *standIn) planted(t *testing.T) string {
	t.Helper()
	text, _, copies := strings.Cut(s.containerfile, "COPY --from=download")
	const log = " /var/log/dpkg.log"
	if !copies || strings.Count(text, log) != 1 {
		t.Fatal("base.Containerfile copies no downloads, or does not remove" + log)
	}
	return strings.Replace(text, log, "", 1) + "USER sandbox\nRUN head --bytes=16 /dev/urandom > /sandbox/dice\n"
}

// buildTwice asks for what release:reproduce asks for.
func buildTwice(ctx context.Context, t *testing.T, e reproduce.Exporter, text string, platforms ...string) []reproduce.Outcome {
	t.Helper()
	b := sandbox.Base{Containerfile: []byte(text), Repository: base.Repository}
	outcomes, err := reproduce.Run(ctx, e, leg.Request{
		Containerfile: b.Containerfile, Repository: b.Repository, Platforms: platforms,
		Labels: map[string]string{tag.Label: b.Identity()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != len(platforms) {
		t.Fatalf("%v for %v", outcomes, platforms)
	}
	return outcomes
}

// exporter is a builder that shows what it prints where tests are verbose.
func exporter(t *testing.T, name string) reproduce.Exporter {
	t.Helper()
	o := builder.Options{Runtime: name, Output: io.Discard}
	if testing.Verbose() {
		o.Output = os.Stderr
	}
	return builder.New(o).(reproduce.Exporter)
}

package builder_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestSeveralNodes: a builder with a node for each platform pushes no tag, and
// moves none. Buildx would merge by itself what the nodes built, as "latest".
func TestSeveralNodes(t *testing.T) {
	b := start(t, nodes)
	ctx := labtest.Context(t, time.Minute)
	foreign, err := lab.Publish(ctx, tag.Ref{Repository: b.base.Repository, Tag: "latest"}, "foreign", both...)
	if err != nil {
		t.Fatal(err)
	}
	res := b.publish(t, sandbox.PublishOptions{})
	if res.Outcome != sandbox.OutcomePublished {
		t.Errorf("%+v", res)
	}
	repo, err := name.NewRepository(b.base.Repository)
	if err != nil {
		t.Fatal(err)
	}
	tags, err := remote.List(repo, remote.WithContext(ctx))
	slices.Sort(tags)
	want := []string{res.Ref.Tag, "latest"}
	if err != nil || !slices.Equal(tags, want) {
		t.Errorf("tags %q, %v; want %q", tags, err, want)
	}
	if now := b.Digest("vessux/openlock-base", "latest"); now != foreign.Digest {
		t.Errorf("latest was %s and is %s", foreign.Digest, now)
	}
	b.isWhole(t, res.Ref.String())
}

package sandbox

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/registry"
)

// TestPublishDefaults: CI is patient, and what is given stays.
func TestPublishDefaults(t *testing.T) {
	b := Base{Containerfile: []byte("FROM scratch\n"), Repository: "127.0.0.1:1/a"}
	p, err := newPublisher(b, PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if o := p.o; o.Registry.Retry != registry.CIRetry || o.VisibilityTimeout != time.Minute || !slices.Equal(o.Platforms, Platforms()) {
		t.Errorf("%+v", o)
	}
	given := PublishOptions{
		VisibilityTimeout: time.Nanosecond, Platforms: []string{"linux/arm64/v8"},
		Registry: registry.Options{Retry: registry.Retry{Tries: 7}},
	}
	if p, err = newPublisher(b, given); err != nil {
		t.Fatal(err)
	}
	if o := p.o; !reflect.DeepEqual(o.Registry, given.Registry) || o.VisibilityTimeout != time.Nanosecond || !slices.Equal(o.Platforms, []string{"linux/arm64"}) {
		t.Errorf("%+v", o)
	}
	if given.Platforms[0] != "linux/arm64/v8" {
		t.Error("the caller's list was changed")
	}
	given.Platforms = []string{"arm64"}
	if _, err := newPublisher(b, given); err == nil {
		t.Error("a wrong platform is accepted")
	}
}

package driver

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/hostbuild"
	"github.com/vessux/openlock/internal/login"
	"github.com/vessux/openlock/sandbox/engine"
)

func TestPlatform(t *testing.T) {
	if got := HostPlatform(); got != strings.Join([]string{"linux", runtime.GOARCH}, "/") {
		t.Errorf("this machine runs %q", got)
	}
	for want, p := range map[string][3]string{
		"linux/arm64": {"linux", "arm64", "v8"}, "linux/arm/v7": {"linux", "arm", "v7"}, "linux/amd64": {"linux", "amd64", ""}, "/ [2J": {"", "\x1b[2J", ""},
	} {
		if got := Platform(p[0], p[1], p[2]); got != want {
			t.Errorf("%q: %q, want %q", p, got, want)
		}
	}
}

func TestSaysMissing(t *testing.T) {
	for text, want := range map[string]bool{
		"x: image not known": true, "No such image: x": true, "error: no such object: x": true, "no such file": false, "": false,
	} {
		if SaysMissing(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}

// shows is an engine that shows an image, or fails to.
type shows struct {
	engine.Engine
	id  string
	err error
}

func (s shows) Inspect(context.Context, string) (*engine.Image, error) {
	return &engine.Image{ID: s.id}, s.err
}

// TestBuild: nothing of a request is lost, and the engine tells the ID.
func TestBuild(t *testing.T) {
	got := Build(shows{id: "i"}, engine.BuildRequest{
		Containerfile: []byte("FROM scratch\n"), Platform: "linux/arm64", Labels: map[string]string{"a": "b"}, NoCache: true, Name: "n",
	})
	if id, err := got.ID(t.Context(), "n"); id != "i" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	got.ID = nil
	want := hostbuild.Build{
		Containerfile: []byte("FROM scratch\n"), Platform: "linux/arm64", Labels: map[string]string{"a": "b"}, NoCache: true, Name: "n", Limit: BuildTimeout,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	got = Build(shows{err: engine.ErrNotFound}, engine.BuildRequest{Timeout: time.Second})
	if _, err := got.ID(t.Context(), "n"); !errors.Is(err, engine.ErrNotFound) || got.Limit != time.Second {
		t.Errorf("%v, limit %s", err, got.Limit)
	}
}

// TestEntry: a login is handed on whole, in whichever form it is stored.
func TestEntry(t *testing.T) {
	for want, l := range map[string]login.Login{
		`{"r:1":{"auth":"dTpw"}}`:                       {Username: "u", Secret: "p"},
		`{"r:1":{"auth":"Og==","identitytoken":"i"}}`:   {IdentityToken: "i"},
		`{"r:1":{"auth":"Og==","registrytoken":"tok"}}`: {RegistryToken: "tok"},
	} {
		if got, err := json.Marshal(Entry("r:1/a/b", engine.PullOptions{Login: &l}, "x")); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestNoLogins(t *testing.T) {
	n, err := NewNoLogins()
	if err != nil {
		t.Fatal(err)
	}
	path, err := n.Write("a.json", Entry("r:1/a/b", engine.PullOptions{}, "x"))
	if text, _ := os.ReadFile(path); err != nil || filepath.Dir(path) != n.Dir || string(text) != `{"r:1":"x"}` {
		t.Errorf("%s: %s, %v", path, text, err)
	}
	if _, err := n.Write("b.json", func() {}); err == nil {
		t.Error("what has no JSON is written")
	}
	n.Remove()
	if _, err := os.Stat(n.Dir); err == nil {
		t.Error("it is left")
	}
}

package engine_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
)

// TestFailuresSayWhy: what a build or a pull failed of is in the error, in the
// engine's own words, with the remedy.
func TestFailuresSayWhy(t *testing.T) {
	onRealEngines(t, func(t *testing.T, e engine.Engine, _ runner, r *lab.Registry, said *bytes.Buffer) {
		seed := labtest.Seed(t, r)
		for _, row := range []struct {
			name, line  string
			only        string // the engine that fails soon
			fault       string // of the registry, at a manifest
			words, hint string // an "|" separates the engines' words
		}{
			{name: "step", line: `RUN ["/bin/seed", "fail", "no luck"]`, words: "seed: no luck"},
			{name: "disk full", line: `RUN ["/bin/seed", "fail", "write /x: no space left on device"]`, words: "no space left on device", hint: "free some disk space"},
			{name: "COPY", line: "COPY missing /x", words: `"/missing": not found|missing`, hint: "the build has no context"},
			{name: "refused", line: "COPY --from=127.0.0.1:1/x@sha256:" + strings.Repeat("1", 64) + " /x /x", words: "connection refused|no stage or image found", hint: "the address cannot be reached"},
			{name: "429", only: "docker", fault: "429", words: "oo many requests|toomanyrequests|429", hint: "limits how much is pulled"},
			{name: "denied", fault: "403", words: "denied|403", hint: "sign in to that registry"},
		} {
			if row.only != "" && row.only != e.Name() {
				continue
			}
			t.Run(row.name, func(t *testing.T) {
				from := seed
				if row.fault != "" {
					// An image that is not in the store.
					from = r.Host() + "/x@sha256:" + strings.Repeat("9", 64)
					f, ok := fault.Named(fault.Child, row.fault)
					if !ok {
						t.Fatal(row.fault)
					}
					r.Wrap(func(inner http.Handler) http.Handler { return fault.Handler(inner, f) })
					defer r.Wrap(nil)
				}
				_, err := e.(engine.Builder).Build(labtest.Context(t, 2*time.Minute), engine.BuildRequest{
					Containerfile: lab.Containerfile(from, row.line), Platform: "linux/amd64", NoCache: true,
				})
				saysWhy(t, err, row.words, row.hint, said)
			})
		}
	})
}

// saysWhy checks an error's words, of which any is enough, and its hint.
func saysWhy(t *testing.T, err error, words, hint string, said *bytes.Buffer) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	found := false
	for w := range strings.SplitSeq(words, "|") {
		found = found || strings.Contains(err.Error(), w)
	}
	h, ok := err.(interface{ Hint() string })
	if !found || !ok || !strings.Contains(h.Hint(), hint) || hint == "" && h.Hint() != "" || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v\nwant %q and the hint %q\n%s", err, words, hint, said)
	}
}

// TestNoBuildx: docker without its plugin.
func TestNoBuildx(t *testing.T) {
	d := labtest.Docker(t)
	setenv(t, d.Env)
	config := os.Getenv("DOCKER_CONFIG")
	if err := os.RemoveAll(filepath.Join(config, "cli-plugins")); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	_, err := find(t, "docker", &said).(engine.Builder).Build(labtest.Context(t, time.Minute), engine.BuildRequest{
		Containerfile: []byte("FROM scratch\nENV A=b\n"), Platform: "linux/amd64",
	})
	saysWhy(t, err, "buildx", "install docker's buildx plugin", &said)
}

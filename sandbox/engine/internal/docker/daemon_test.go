package docker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/engine"
)

// daemonWith answers every question with one status and body.
func daemonWith(t *testing.T, status int, body string) *docker {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	return &docker{endpoint: endpoint{host: "tcp://" + address, network: "tcp", address: address}, limit: time.Minute}
}

// TestDaemonsAnswers: an image is absent only where the daemon says so with
// 404; a daemon that fails is unavailable, whatever its words.
func TestDaemonsAnswers(t *testing.T) {
	const words = `{"message":"No such image: x:y"}`
	for _, c := range []struct {
		status int
		body   string
		absent bool
	}{
		{http.StatusNotFound, words, true},
		{http.StatusNotFound, "404 page not found", false},
		{http.StatusInternalServerError, words, false},
		{http.StatusInternalServerError, `{"message":"input/output error"}`, false},
		{http.StatusServiceUnavailable, words, false},
		{http.StatusForbidden, words, false},
		{http.StatusOK, "<html>", false},
	} {
		_, err := daemonWith(t, c.status, c.body).Inspect(t.Context(), "x:y")
		down := new(engine.UnavailableError)
		if errors.Is(err, engine.ErrNotFound) != c.absent || errors.As(err, &down) == c.absent {
			t.Errorf("HTTP %d %s: %v", c.status, c.body, err)
		}
	}
	image, err := daemonWith(t, http.StatusOK, `{"Id":"i","Os":"linux","Architecture":"arm64","Config":{"Labels":{"a":"b"}}}`).Inspect(t.Context(), "x:y")
	if err != nil || image.ID != "i" || image.Platform != "linux/arm64" || image.Labels["a"] != "b" {
		t.Errorf("%+v, %v", image, err)
	}
}

// TestOrderOfDockersSettings: DOCKER_HOST, then DOCKER_CONTEXT, then the
// context in config.json, then the system's socket.
func TestOrderOfDockersSettings(t *testing.T) {
	dir := noSettings(t)
	for _, name := range []string{"variable", "config"} {
		writeContext(t, dir, name, `{"Host":"unix:///`+name+`.sock"}`)
	}
	const inUse = `{"currentContext":"config"}`
	for _, c := range []struct{ host, context, config, want, wantContext string }{
		{"unix:///host.sock", "variable", inUse, "unix:///host.sock", ""},
		{"", "variable", inUse, "unix:///variable.sock", "variable"},
		{"", "variable", `{}`, "unix:///variable.sock", "variable"},
		{"", "", inUse, "unix:///config.sock", "config"},
		{"", "default", inUse, defaultHost(), ""},
		{"", "", `{"currentContext":"default"}`, defaultHost(), ""},
		{"", "", `{}`, defaultHost(), ""},
		{"", "", `{`, defaultHost(), ""},
	} {
		t.Setenv("DOCKER_HOST", c.host)
		t.Setenv("DOCKER_CONTEXT", c.context)
		write(t, c.config, dir, "config.json")
		if e := findEndpoint(); e.err != nil || e.host != c.want || e.context != c.wantContext {
			t.Errorf("%+v: host %q of context %q, %v", c, e.host, e.context, e.err)
		}
	}
	t.Setenv("DOCKER_CONTEXT", "none")
	if e := findEndpoint(); e.err == nil || e.network != "" {
		t.Errorf("a context that does not exist: %+v", e)
	}
}

package registry_test

import (
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/tag"
)

func stop(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func helper(t *testing.T, home, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the missing part is a POSIX shell, for a credential helper")
	}
	writeFile(t, "#!/bin/sh\n"+script+"\n", home, "bin", "docker-credential-"+name)
	t.Setenv("PATH", home+"/bin:/usr/bin:/bin")
}

func TestHelperWithoutLogin(t *testing.T) {
	s := private(t, fault.Private{Anonymous: true})
	dir := home(t)
	helper(t, dir, "empty", "echo credentials not found in native keychain; exit 1")
	writeFile(t, `{"credsStore":"empty"}`, dir, ".docker", "config.json")
	res := probePrivate(t, s, registry.Options{})
	expect(t, res, registry.StateComplete)
	if !res.IgnoreLogins || len(res.Warnings) > 0 {
		t.Errorf("a pull with logins, or a warning about no login: %+v", res)
	}
}

// TestHangingHelperIsAskedOnce, though podman and docker both name it, and the
// registry is asked twice.
func TestHangingHelperIsAskedOnce(t *testing.T) {
	r := labtest.Registry(t)
	var asked atomic.Int32
	r.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	})
	dir := home(t)
	helper(t, dir, "hangs", "echo >> "+dir+"/asked; exec sleep 30")
	writeFile(t, `{"credHelpers":{"`+r.Host()+`":"hangs"}}`, dir, ".docker", "config.json")
	q := registry.Query{Ref: tag.Ref{Repository: r.Host() + "/a/b", Tag: "0123456789ab"}, Platforms: both}
	res, err := registry.Probe(t.Context(), q, registry.Options{Retry: registry.Retry{Tries: 2}})
	times, readErr := os.ReadFile(dir + "/asked")
	if err != nil || readErr != nil || res.State != registry.StateUnreachable || len(times) != 1 || asked.Load() < 2 {
		t.Errorf("%+v, %v, %v: the helper is asked %d times, the registry %d times", res, err, readErr, len(times), asked.Load())
	}
}

func TestHangingHelper(t *testing.T) {
	s := private(t, fault.Private{Anonymous: true})
	dir := home(t)
	helper(t, dir, "hangs", "sleep 20 & wait")
	writeFile(t, `{"credsStore":"hangs"}`, dir, ".docker", "config.json")
	began := time.Now()
	res := probePrivate(t, s, registry.Options{Timeout: 2 * time.Second})
	expect(t, res, registry.StateComplete)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if !res.IgnoreLogins || len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "no answer within 2s") {
		t.Errorf("IgnoreLogins %v, warnings %q", res.IgnoreLogins, res.Warnings)
	}
}

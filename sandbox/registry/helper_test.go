package registry_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
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

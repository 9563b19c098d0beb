package login_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vessux/openlock/internal/login"
)

// A helper may wait for a person for ever. It is stopped, and not asked again,
// for this and for other hosts.
func TestHelperThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake{uid: 1000, files: map[string]string{
			config:    `{"credHelpers":{"a.test":"slow","b.test":"slow"}}`,
			dockerCfg: auths("a.test", "1:s", "b.test", "1:s"),
		}}
		m, asked := f.machine(), 0
		m.RunHelper = func(ctx context.Context, _, _ string) ([]byte, error) {
			asked++
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond) // what a process may take to end
			return []byte(`{"Username":"late","Secret":"s"}`), ctx.Err()
		}
		finder := &login.Finder{Machine: m}
		start := time.Now()
		logins, warnings := finder.Find(t.Context(), "a.test/x")
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
		if got, want := show(logins), "1:s [a.test] "+dockerCfg; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], "helper slow of "+config+" gives no login for a.test: no answer within 2s") {
			t.Errorf("warnings %q", warnings)
		}
		logins, warnings = finder.Find(t.Context(), "b.test/x")
		if asked != 1 || len(warnings) != 0 || len(logins) != 1 {
			t.Errorf("asked %d times; %v, %q", asked, logins, warnings)
		}
	})
}

// A caller that gives up is no fault of the helper.
func TestHelperIsAskedAgainAfterTheCallerGaveUp(t *testing.T) {
	f := fake{uid: 1000, files: map[string]string{config: `{"credHelpers":{"a.test":"pass"}}`},
		helpers: map[string]string{"docker-credential-pass a.test": `{"Username":"h","Secret":"s"}`}}
	m := f.machine()
	answer := m.RunHelper
	m.RunHelper = func(ctx context.Context, program, host string) ([]byte, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return answer(ctx, program, host)
	}
	finder := &login.Finder{Machine: m}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if logins, _ := finder.Find(ctx, "a.test/x"); len(logins) != 0 {
		t.Errorf("logins %v", logins)
	}
	if logins, warnings := finder.Find(t.Context(), "a.test/x"); len(logins) != 1 || len(warnings) != 0 {
		t.Errorf("%v, %q", logins, warnings)
	}
}

func TestLoginDoesNotShowItsSecrets(t *testing.T) {
	l := login.Login{Username: "user", Secret: "secret", IdentityToken: "secret", RegistryToken: "secret", Source: "file", Key: "a.test"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, l); got != "login for a.test of file" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

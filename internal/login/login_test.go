package login_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/login"
)

// fake is a machine of a user with the id 1000.
type fake struct {
	goos    string
	uid     int
	env     map[string]string
	files   map[string]string
	own     []string          // directories
	helpers map[string]string // answers, by program and host
	noHome  bool
}

func (f fake) machine() login.Machine {
	m := login.Machine{GOOS: "linux", UID: f.uid, Home: "/home/u", TempDir: "/tmp"}
	if f.goos != "" {
		m.GOOS = f.goos
	}
	if f.noHome {
		m.Home = ""
	}
	m.Getenv = func(name string) string { return f.env[name] }
	m.ReadFile = func(path string) ([]byte, error) {
		text, ok := f.files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		if reason, ok := strings.CutPrefix(text, "error: "); ok {
			return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New(reason)}
		}
		return []byte(text), nil
	}
	m.OwnDir = func(path string) bool { return slices.Contains(f.own, path) }
	m.HasProgram = func(name string) bool { _, ok := f.helpers[name]; return ok }
	m.RunHelper = func(_ context.Context, program, host string) ([]byte, error) {
		answer, ok := f.helpers[program+" "+host]
		if _, exists := f.helpers[program]; !ok && !exists {
			return nil, fmt.Errorf("%s: %w", program, exec.ErrNotFound)
		}
		if text, ok := strings.CutPrefix(answer, "error: "); ok {
			return []byte(text), errors.New("exit status 1")
		}
		if !ok {
			return []byte("credentials not found in native keychain\n"), errors.New("exit status 1")
		}
		return []byte(answer), nil
	}
	return m
}

// auths is a file with logins: a key and user:password in turns.
func auths(pairs ...string) string { return `{"auths":` + entries(pairs...) + `}` }

func entries(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, fmt.Sprintf("%q:{\"auth\":%q}", pairs[i], encode(pairs[i+1])))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// show writes a login as the tables below do.
func show(logins []login.Login) string {
	var all []string
	for _, l := range logins {
		s := strings.TrimPrefix(l.Username+":"+l.Secret+" ", ": ")
		if l.IdentityToken != "" {
			s += "identity " + l.IdentityToken + " "
		}
		if l.RegistryToken != "" {
			s += "registry " + l.RegistryToken + " "
		}
		all = append(all, fmt.Sprintf("%s[%s] %s", s, l.Key, l.Source))
	}
	return strings.Join(all, "; ")
}

type row struct {
	name    string
	fake    fake
	engine  login.Engine
	repo    string // default a.test/n/x
	helpers []string
	want    string
	warns   []string // parts of the warnings, in order
}

func run(t *testing.T, rows []row) {
	t.Helper()
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			if c.repo == "" {
				c.repo = "a.test/n/x"
			}
			f := &login.Finder{Machine: c.fake.machine(), Engine: c.engine, CredentialHelpers: c.helpers}
			logins, warnings := f.Find(t.Context(), c.repo)
			if got := show(logins); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			ok := slices.EqualFunc(warnings, c.warns, strings.Contains)
			if !ok {
				t.Errorf("warnings %q, want %q", warnings, c.warns)
			}
			for _, w := range warnings {
				if strings.Contains(w, "secret") {
					t.Errorf("warning %q shows a secret", w)
				}
			}
		})
	}
}

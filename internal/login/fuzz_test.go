package login

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func FuzzFind(f *testing.F) {
	f.Add(`{"auths":{"a.test/n":{"auth":"dTpz"},"https://a.test/v1/":{"identitytoken":"t"}},"credHelpers":{"a.test":"x"},"credsStore":"y"}`, "a.test/n/x")
	f.Add(`{"a.test":{"auth":"dTpz"}}`, "a.test:5000/x")
	f.Add(`{"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p"}}}`, "docker.io/library/x")
	f.Add(`{"auths":{"https://a.test/\u001b":{"auth":"dTpz"}},"credHelpers":{"b.test":"x\u001b"}}`, "a.test/x")
	f.Fuzz(func(t *testing.T, text, repository string) {
		m := Machine{
			GOOS: "linux", Home: "/h",
			Getenv: func(name string) string {
				if name == "DOCKER_AUTH_CONFIG" {
					return text
				}
				return ""
			},
			ReadFile:   func(string) ([]byte, error) { return []byte(text), nil },
			OwnDir:     func(string) bool { return true },
			HasProgram: func(string) bool { return false },
			RunHelper: func(_ context.Context, program, _ string) ([]byte, error) {
				if strings.ContainsAny(program, `/\`) {
					t.Errorf("helper %q is run", program)
				}
				if strings.Contains(program, "x") {
					return []byte(text), nil
				}
				return []byte(text), errors.New("exit status 1")
			},
		}
		for _, engine := range []Engine{Podman, OldPodman, Docker, OldDocker} {
			logins, warnings := (&Finder{Machine: m, Engine: engine}).Find(t.Context(), repository)
			for _, l := range logins {
				if l.Username+l.Secret+l.IdentityToken+l.RegistryToken == "" || l.Source == "" {
					t.Errorf("engine %d: an empty login: %v", engine, l)
				}
				if strings.ContainsAny(l.String(), "\n\r\x1b") {
					t.Errorf("engine %d: %q is not fit to print", engine, l)
				}
			}
			for _, w := range warnings {
				if strings.ContainsAny(w, "\n\r\x1b") {
					t.Errorf("engine %d: warning %q is not fit to print", engine, w)
				}
			}
		}
	})
}

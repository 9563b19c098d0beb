package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// dockerFile is docker's config.json.
type dockerFile struct {
	Auths       map[string]dockerAuth `json:"auths"`
	CredHelpers map[string]string     `json:"credHelpers"`
	CredsStore  string                `json:"credsStore"`
}

type dockerAuth struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// parseDockerFile takes an empty file for one without logins, as docker does.
func parseDockerFile(b []byte) (f dockerFile, err error) {
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return dockerFile{}, errors.New("it is not JSON of podman or docker") // err may quote a secret
	}
	return f, nil
}

// docker adds the logins of DOCKER_AUTH_CONFIG, and of the helper that
// config.json names for the host, or else of config.json itself.
func (s *search) docker() {
	key := s.host
	if key == "docker.io" || key == "index.docker.io" {
		key = "https://index.docker.io/v1/"
	}
	if s.Engine != OldDocker {
		s.dockerVariable(key)
	}
	path := below("config.json", s.Machine.Getenv("DOCKER_CONFIG"), below(".docker", s.Machine.Home))
	if path == "" {
		return
	}
	var f dockerFile
	b, err := s.Machine.ReadFile(path)
	if err == nil {
		f, err = parseDockerFile(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.unreadable(path, err)
	}
	if helper, of := s.dockerHelper(f, key, path); helper != "" {
		l, err := s.ask(helper, of, key)
		if err == nil {
			s.add(l)
			return // without a login too: docker then uses none
		}
	}
	for _, k := range dockerKeys(slices.Sorted(maps.Keys(f.Auths)), key) {
		s.dockerLogin(path, k, f.Auths[k])
	}
}

// dockerHelper is the helper for a host, and where it is named. Without any
// login in its file, docker looks for the system's usual helper.
func (s *search) dockerHelper(f dockerFile, key, path string) (helper, of string) {
	if helper, ok := f.CredHelpers[key]; ok {
		return helper, path
	}
	if f.CredsStore != "" || len(f.CredHelpers) > 0 || len(f.Auths) > 0 {
		return f.CredsStore, path
	}
	switch s.Machine.GOOS {
	case "darwin":
		helper = "osxkeychain"
	case "windows":
		helper = "wincred"
	case "linux":
		helper = "secretservice"
		if s.Machine.HasProgram("pass") {
			helper = "pass"
		}
	}
	if helper == "" || !s.Machine.HasProgram(helperPrefix+helper) {
		return "", ""
	}
	return helper, "docker's defaults"
}

func (s *search) dockerLogin(path, key string, a dockerAuth) {
	l := Login{Username: a.Username, Secret: a.Password, Source: path, Key: key}
	if a.Auth != "" {
		decoded, ok := s.decode(path, key, a.Auth)
		if !ok {
			return
		}
		l = decoded
	}
	l.IdentityToken, l.RegistryToken = a.IdentityToken, a.RegistryToken
	s.add(l)
}

// dockerKeys are those of the stored ones that hold for a key: itself, and
// addresses of the host, as docker stored them at first.
func dockerKeys(stored []string, key string) []string {
	var all []string
	if slices.Contains(stored, key) {
		all = append(all, key)
	}
	for _, k := range stored {
		if k != key && hostOf(k) == key {
			all = append(all, k)
		}
	}
	return all
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && strings.Contains(address, "://") && u.Host != "" {
		return u.Host
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// dockerVariable adds the login of DOCKER_AUTH_CONFIG. Docker takes nothing
// but "auth" in it, and rejects it as a whole.
func (s *search) dockerVariable(key string) {
	const name = "DOCKER_AUTH_CONFIG"
	text := s.Machine.Getenv(name)
	if text == "" {
		return
	}
	var v struct {
		Auths map[string]struct {
			Auth string `json:"auth"`
		} `json:"auths"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil || d.More() {
		s.warn("logins in %s are not usable: it is not one JSON object with nothing but \"auths\" and \"auth\"", name)
		return
	}
	logins := map[string]Login{}
	for _, k := range slices.Sorted(maps.Keys(v.Auths)) {
		user, secret, ok := userAndSecret(v.Auths[k].Auth)
		if !ok || user == "" {
			s.warn("logins in %s are not usable: that for %s is not user:password in base64", name, k)
			return
		}
		logins[k] = Login{Username: user, Secret: secret, Source: name, Key: k}
	}
	s.add(logins[key])
}

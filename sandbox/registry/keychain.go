package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/vessux/openlock/internal/sanitize"
)

// login is what a machine has stored for a repository.
type login struct {
	auth   authn.Authenticator // authn.Anonymous when nothing is stored
	source string              // the file or helper it came from, for messages
}

func (l login) anonymous() bool { return l.auth == authn.Anonymous }

// minSecret is the length of a secret that is looked for, in bytes. A shorter
// one is in many a text by chance.
const minSecret = 6

// secrets are the parts of a login that must not be printed or sent on.
func secrets(ctx context.Context, auth authn.Authenticator) []string {
	a, err := authn.Authorization(ctx, auth)
	if err != nil {
		return nil // it is not used either
	}
	all := []string{a.Password, a.Auth, a.IdentityToken, a.RegistryToken}
	if a.Password != "" {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(a.Username+":"+a.Password)))
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < minSecret })
}

// withoutSecrets returns text with every secret taken out, in which a registry may
// have repeated what it was sent.
func withoutSecrets(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	return text
}

// storedLogin looks for credentials where podman and docker keep them, in the
// order of [surroundings.loginFiles]. The first file that has some for the
// repository wins. Files or helpers that cannot be used are warnings, never
// failures: most base images are public.
//
// go-containerregistry's own keychain fails as a whole when a credential
// helper is missing, and never reads auth.json where a docker config exists.
//
// Credential helpers get patience in all: some wait for a locked key ring.
func storedLogin(ctx context.Context, repo name.Repository, patience time.Duration) (login, []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var warnings []string
	for _, file := range hostSurroundings().loginFiles() {
		cf, err := file.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("logins in %s are not readable: %s", file.path, sanitize.Line(err.Error())))
			continue
		}
		l, warn := loginFrom(ctx, cf, file.path, repo)
		warnings = append(warnings, warn...)
		if !l.anonymous() {
			return l, warnings
		}
	}
	return login{auth: authn.Anonymous}, warnings
}

func (f loginFile) read() (*configfile.ConfigFile, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	if f.old && len(bytes.TrimSpace(b)) > 0 {
		b = slices.Concat([]byte(`{"auths":`), b, []byte("}"))
	}
	return parseLogins(b)
}

func parseLogins(b []byte) (*configfile.ConfigFile, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return &configfile.ConfigFile{}, nil // what "logout" of some engines leaves behind
	}
	cf, err := config.LoadFromReader(bytes.NewReader(b))
	if err != nil {
		return nil, errors.New("it is not a config file of docker or podman in JSON") // err may quote a secret
	}
	return cf, nil
}

func loginFrom(ctx context.Context, cf *configfile.ConfigFile, path string, repo name.Repository) (login, []string) {
	host := repo.RegistryStr()
	if host == name.DefaultRegistry {
		host = authn.DefaultAuthKey // what Docker Hub is called in every config
	}
	helper := cf.CredentialHelpers[host]
	if helper == "" {
		for _, key := range loginKeys(repo) {
			if a, ok := cf.AuthConfigs[key]; ok && (a.Username != "" || a.Auth != "" || a.IdentityToken != "" || a.RegistryToken != "") {
				return login{auth: authn.FromConfig(authn.AuthConfig{
					Username: a.Username, Password: a.Password, Auth: a.Auth,
					IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
				}), source: path}, nil
			}
		}
		helper = cf.CredentialsStore
	}
	if helper == "" {
		return login{auth: authn.Anonymous}, nil
	}
	auth, err := askHelper(ctx, helper, host)
	if err != nil {
		return login{auth: authn.Anonymous}, []string{fmt.Sprintf("credential helper %q, named in %s, gave no login for %s: %s", helper, path, host, sanitize.Line(err.Error()))}
	}
	return login{auth: auth, source: "credential helper " + helper}, nil
}

// loginKeys are the keys under which a login for repo may be stored, the most
// specific first: podman stores logins for a part of a registry too.
func loginKeys(repo name.Repository) []string {
	host := repo.RegistryStr()
	var keys []string
	for p := repo.RepositoryStr(); p != "."; p = path.Dir(p) {
		keys = append(keys, host+"/"+p)
	}
	keys = append(keys, host, "https://"+host, "https://"+host+"/v1/", "https://"+host+"/v2/")
	if host == name.DefaultRegistry {
		keys = append(keys, "docker.io", authn.DefaultAuthKey)
	}
	return keys
}

// askHelper runs docker-credential-<helper> get, by the protocol of
// docker-credential-helpers. No login stored is no error.
func askHelper(ctx context.Context, helper, host string) (authn.Authenticator, error) {
	if strings.ContainsAny(helper, `/\`) {
		return nil, errors.New("its name has a path in it")
	}
	cmd := exec.CommandContext(ctx, "docker-credential-"+helper, "get")
	cmd.WaitDelay = 100 * time.Millisecond // for what the helper started, and left with its stdout
	cmd.Stdin = strings.NewReader(host)
	out, err := cmd.Output() // never printed: it holds the secret
	if ctx.Err() != nil {
		return nil, errors.New("no answer in time")
	}
	if err != nil {
		if bytes.Contains(bytes.ToLower(out), []byte("credentials not found")) {
			return authn.Anonymous, nil
		}
		return nil, err
	}
	var got struct{ Username, Secret string }
	if json.Unmarshal(out, &got) != nil {
		return nil, errors.New("its answer is not JSON")
	}
	switch {
	case got.Secret == "":
		return authn.Anonymous, nil
	case got.Username == "<token>":
		return authn.FromConfig(authn.AuthConfig{IdentityToken: got.Secret}), nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: got.Username, Password: got.Secret}), nil
}

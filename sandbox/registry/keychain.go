package registry

import (
	"bytes"
	"cmp"
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

	"github.com/vessux/openlock/internal/sanitize"
)

// login is what a machine has stored for a repository; its zero value is none.
type login struct {
	user, password string
	identity       string // an OAuth 2.0 refresh token
	bearer         string // a token for the registry itself
	source         string // the file or helper it came from, for messages
}

func (l login) anonymous() bool { return cmp.Or(l.user, l.identity, l.bearer) == "" }

// minSecret is the length of a secret that is looked for, in bytes. A shorter
// one is in many a text by chance.
const minSecret = 6

// secrets are the parts of a login that must not be printed or sent on.
func (l login) secrets() []string {
	all := []string{l.password, l.identity, l.bearer, strings.TrimPrefix(l.basic(), "Basic ")}
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
// Credential helpers get patience in all: some wait for a locked key ring.
func storedLogin(ctx context.Context, at place, patience time.Duration) (login, []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var warnings []string
	for _, file := range hostSurroundings().loginFiles() {
		stored, err := file.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("logins in %s are not readable: %s", file.path, sanitize.Line(err.Error())))
			continue
		}
		l, warn := loginFrom(ctx, stored, file.path, at)
		warnings = append(warnings, warn...)
		if !l.anonymous() {
			return l, warnings
		}
	}
	return login{}, warnings
}

func (f loginFile) read() (*logins, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	if f.old && len(bytes.TrimSpace(b)) > 0 {
		b = slices.Concat([]byte(`{"auths":`), b, []byte("}"))
	}
	return parseLogins(b)
}

// logins is what a file of docker or podman says of logins.
type logins struct {
	Auths       map[string]storedAuth `json:"auths"`
	CredsStore  string                `json:"credsStore"`
	CredHelpers map[string]string     `json:"credHelpers"`
}

type storedAuth struct {
	Auth          string `json:"auth"` // user:password in base64
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

func parseLogins(b []byte) (*logins, error) {
	var all logins
	if len(bytes.TrimSpace(b)) == 0 {
		return &all, nil // what "logout" of some engines leaves behind
	}
	unreadable := errors.New("it is not a config file of docker or podman in JSON") // without the cause, which may quote a secret
	if json.Unmarshal(b, &all) != nil {
		return nil, unreadable
	}
	for key, a := range all.Auths {
		if a.Auth == "" {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(a.Auth)
		user, password, both := strings.Cut(string(text), ":")
		if err != nil || !both || user == "" {
			return nil, unreadable
		}
		a.Username, a.Password = user, strings.Trim(password, "\x00")
		all.Auths[key] = a
	}
	return &all, nil
}

func loginFrom(ctx context.Context, stored *logins, file string, at place) (login, []string) {
	host := at.host
	if host == hub {
		host = hubKey
	}
	helper := stored.CredHelpers[host]
	if helper == "" {
		for _, key := range loginKeys(at) {
			a := stored.Auths[key]
			l := login{user: a.Username, password: a.Password, identity: a.IdentityToken, bearer: a.RegistryToken, source: file}
			if !l.anonymous() {
				return l, nil
			}
		}
		helper = stored.CredsStore
	}
	if helper == "" {
		return login{}, nil
	}
	l, err := askHelper(ctx, helper, host)
	if err != nil {
		return login{}, []string{fmt.Sprintf("credential helper %q, named in %s, gave no login for %s: %s", helper, file, host, sanitize.Line(err.Error()))}
	}
	l.source = "credential helper " + helper
	return l, nil
}

// hubKey is what Docker Hub is called in every config.
const hubKey = "https://index.docker.io/v1/"

// loginKeys are the keys under which a login for a place may be stored, the most
// specific first: podman stores logins for a part of a registry too.
func loginKeys(at place) []string {
	host := at.host
	var keys []string
	for p := at.path; p != "."; p = path.Dir(p) {
		keys = append(keys, host+"/"+p)
	}
	keys = append(keys, host, "https://"+host, "https://"+host+"/v1/", "https://"+host+"/v2/")
	if host == hub {
		keys = append(keys, "docker.io", hubKey)
	}
	return keys
}

// helperTimeout is how long one credential helper may take.
const helperTimeout = 2 * time.Second

// askHelper runs docker-credential-<helper> get, by the protocol of
// docker-credential-helpers. No login stored is no error. A helper that is
// finished is believed, whatever it has left behind that holds its stdout.
func askHelper(ctx context.Context, helper, host string) (login, error) {
	if strings.ContainsAny(helper, `/\`) {
		return login{}, errors.New("its name has a path in it")
	}
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker-credential-"+helper, "get")
	cmd.WaitDelay = 100 * time.Millisecond // for what the helper started, and left with its stdout
	cmd.Stdin = strings.NewReader(host)
	out, err := cmd.Output() // never printed: it holds the secret
	if ctx.Err() != nil {
		return login{}, errors.New("no answer in time")
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if bytes.Contains(bytes.ToLower(out), []byte("credentials not found")) {
			return login{}, nil
		}
		return login{}, err
	}
	var got struct{ Username, Secret string }
	if json.Unmarshal(out, &got) != nil {
		return login{}, errors.New("its answer is not JSON")
	}
	switch {
	case got.Secret == "":
		return login{}, nil
	case got.Username == "<token>":
		return login{identity: got.Secret}, nil
	}
	return login{user: got.Username, password: got.Secret}, nil
}

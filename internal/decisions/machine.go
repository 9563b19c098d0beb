package decisions

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

// machine is a user's: a home with the engine's settings, and two registries,
// of which one is where the image is said to be.
type machine struct {
	home           string
	user           *lab.Rootless // nil: the test's own
	env            []string      // NAME=value, for engine and openlock alike
	daemon         []string      // NAME=value, for a docker daemon of its own; nil: all machines share one
	flags          []string      // of that daemon
	transport      string        // by which the engine is reached; empty: its own socket
	origin, mirror *lab.Registry
	repository     string   // the canonical one, at the origin
	file           []byte   // a Containerfile that no other machine has
	certsD         bool     // the home has the /etc/docker of the machine
	front          string   // the mirror's address where it is behind TLS
	holders        []string // hosts that a login is stored for
	leaks          []string // requests that sent the login elsewhere
	mu             sync.Mutex
	close          []func()
}

// mirrorHost is the mirror's address, as clients know it.
func (m *machine) mirrorHost() string { return cmp.Or(m.front, m.mirror.Host()) }

// path of the image in both registries.
const imagePath = "vessux/openlock-base"

func newMachine(home, name string) *machine {
	m := &machine{home: home, origin: lab.StartRegistry(), mirror: lab.StartRegistry(), file: fmt.Appendf(nil, "FROM scratch\nLABEL machine=%q\n", name)}
	m.close = append(m.close, m.origin.Close, m.mirror.Close)
	m.origin.Wrap(m.watch)
	m.mirror.Wrap(m.watch)
	m.repository = m.origin.Host() + "/" + imagePath
	run := filepath.Join(home, "run")
	m.env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + run, "TMPDIR=" + home}
	return m
}

func (m *machine) end() {
	for _, f := range m.close {
		f()
	}
}

func (m *machine) ref() tag.Ref { return tag.Ref{Repository: m.repository, Tag: tag.Of(m.file)} }

// publish puts the image into a registry, under a path.
func (m *machine) publish(r *lab.Registry, path string) error {
	var entries []lab.Entry
	for _, p := range []string{own, other} {
		e, err := entry(p, p, tag.Identity(m.file))
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	index, err := lab.Index(entries...)
	if err != nil {
		return err
	}
	return lab.Push(tag.Ref{Repository: r.Host() + "/" + path, Tag: tag.Of(m.file)}, index)
}

// dead makes the origin refuse connections.
func (m *machine) dead() error {
	host, err := lab.RefusedHost()
	m.repository = host + "/" + imagePath
	return err
}

// write writes a file of the home.
func (m *machine) write(path, text string) error {
	path = filepath.Join(m.home, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// conf writes podman's registries.conf of the user.
func (m *machine) conf(format string, args ...any) error {
	return m.write(".config/containers/registries.conf", fmt.Sprintf(format, args...))
}

// plain says in podman's words that a registry speaks plain HTTP.
func plain(host string) string {
	return fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", host)
}

// host of the canonical repository.
func (m *machine) host() string { return m.repository[:len(m.repository)-len("/"+imagePath)] }

// login is the only one that private registries take.
var login = fault.Login{User: "user", Password: "a-good-password"}

// private lets only the login in, and clients without one where anonymous.
func (m *machine) private(r *lab.Registry, anonymous bool) {
	r.Wrap(func(inner http.Handler) http.Handler {
		return m.watch(fault.Bearer(inner, fault.Private{Anonymous: anonymous, Logins: []fault.Login{login}}))
	})
}

// watch notes requests that send the login to a host that it is not stored for.
func (m *machine) watch(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, given := r.BasicAuth()
		if given && password == login.Password && !slices.Contains(m.holders, r.Host) {
			m.mu.Lock()
			m.leaks = append(m.leaks, r.Host+r.URL.Path)
			m.mu.Unlock()
		}
		inner.ServeHTTP(w, r)
	})
}

func (m *machine) leaked() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.leaks, " ")
}

// logins writes a file of logins, by key; the password of a bad one is wrong.
func (m *machine) logins(path string, bad bool, keys ...string) error {
	password := login.Password
	if bad {
		password = "an-old-password"
	}
	type auth struct {
		Auth string `json:"auth"`
	}
	auths := map[string]auth{}
	for _, k := range keys {
		host, _, _ := strings.Cut(strings.TrimPrefix(k, "https://"), "/")
		m.holders = append(m.holders, host)
		auths[k] = auth{base64.StdEncoding.EncodeToString([]byte(login.User + ":" + password))}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return err
	}
	return m.write(path, string(text))
}

// dockerEtc is in the home what /etc/docker is.
const dockerEtc = "etc/docker"

// etcDocker shows docker its own certs.d, where there is one.
func (m *machine) etcDocker() lab.Bind {
	if !m.certsD {
		return lab.Bind{}
	}
	return lab.Bind{From: filepath.Join(m.home, dockerEtc), To: "/etc/docker"}
}

// tls puts a registry behind TLS, and makes that the canonical one. It returns
// what to trust.
func (m *machine) tls(r *lab.Registry, clients []byte) (ca []byte) {
	front := lab.StartTLSFront(r, clients)
	m.close = append(m.close, front.Close)
	m.repository = front.Host() + "/" + imagePath
	if r == m.mirror {
		m.front = front.Host()
	}
	return front.CA
}

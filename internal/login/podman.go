package login

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// authFiles is the name of the files among podman's credential helpers.
const authFiles = "containers-auth.json"

func (s *search) podman() {
	helpers := s.CredentialHelpers
	if len(helpers) == 0 {
		helpers = []string{authFiles}
	}
	for _, h := range helpers {
		if h == authFiles {
			files, old := s.Machine.podmanFiles(s.Engine)
			for _, path := range files {
				s.podmanFile(path, false)
			}
			s.podmanFile(old, true)
		} else if l, err := s.ask(h, "registries.conf", s.host); err == nil {
			s.add(l)
		}
	}
}

// podmanFiles lists the files with logins, in order. The last, of docker's
// format until 2014, holds nothing else.
func (m Machine) podmanFiles(engine Engine) (files []string, old string) {
	all := m.runtimeFiles(engine)
	if named := m.namedFile(); named != "" {
		all = []string{named}
		if engine != OldPodman {
			return all, ""
		}
	}
	all = append(all,
		below("containers/auth.json", m.Getenv("XDG_CONFIG_HOME"), below(".config", m.Home)),
		below("config.json", m.Getenv("DOCKER_CONFIG"), below(".docker", m.Home)),
	)
	for _, path := range all {
		if path != "" && !slices.Contains(files, path) {
			files = append(files, path)
		}
	}
	return files, below(".dockercfg", m.Home)
}

// namedFile is podman's default for --authfile, or "".
func (m Machine) namedFile() string {
	return cmp.Or(m.Getenv("REGISTRY_AUTH_FILE"), below("config.json", m.Getenv("DOCKER_CONFIG")))
}

// runtimeFiles are where "podman login" stores logins. Rootless podman sets
// XDG_RUNTIME_DIR by itself where it is missing, and makes the directory; so
// /run/containers/UID is root's only.
func (m Machine) runtimeFiles(engine Engine) []string {
	const file = "containers/auth.json"
	uid := strconv.Itoa(m.UID)
	switch run := m.Getenv("XDG_RUNTIME_DIR"); {
	case m.GOOS != "linux":
		return []string{below(".config/"+file, m.Home)}
	case run != "":
		return []string{filepath.Join(run, file)}
	case m.UID == 0:
		return []string{"/run/containers/0/auth.json"}
	case m.OwnDir("/run/user/" + uid):
		return []string{filepath.Join("/run/user", uid, file)}
	}
	// Others may write below TempDir.
	var files []string
	for _, name := range []string{"storage-run-", "podman-run-"} { // of podman 5, 4
		if dir := filepath.Join(m.TempDir, name+uid); (engine != OldPodman || name == "podman-run-") && m.OwnDir(dir) {
			files = append(files, filepath.Join(dir, file))
		}
	}
	return files
}

// authFile is a file of podman.
type authFile struct {
	Auths map[string]struct {
		Auth          string `json:"auth"`
		IdentityToken string `json:"identitytoken"`
	} `json:"auths"`
	CredHelpers map[string]string `json:"credHelpers"`
}

func parseAuthFile(b []byte, old bool) (f authFile, err error) {
	if old {
		err = json.Unmarshal(b, &f.Auths)
	} else {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		err = errors.New("it is not JSON of podman or docker") // err may quote a secret
	}
	return f, err
}

// podmanFile adds the logins of a file. As in podman, a helper for the host
// makes the file's own logins void, and an empty entry those of its parents.
func (s *search) podmanFile(path string, old bool) {
	if path == "" {
		return
	}
	b, err := s.Machine.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.Engine == OldPodman && path == s.Machine.namedFile() {
			s.warn("%s is missing: podman before 4.4 pulls nothing while REGISTRY_AUTH_FILE or DOCKER_CONFIG names it", path)
		}
		return
	}
	var f authFile
	if err == nil {
		f, err = parseAuthFile(b, old)
	}
	if err != nil {
		s.unreadable(path, err)
		return
	}
	if helper, ok := f.CredHelpers[s.host]; ok {
		if l, err := s.ask(helper, path, s.host); err == nil {
			s.add(l)
		}
		return
	}
	for _, key := range s.keys(slices.Sorted(maps.Keys(f.Auths)), old) {
		l, ok := s.decode(path, key, f.Auths[key].Auth)
		l.IdentityToken = f.Auths[key].IdentityToken
		if !ok || l.Username+l.Secret+l.IdentityToken == "" {
			return
		}
		s.add(l)
	}
}

// keys are those of the stored ones that hold for the repository, the most
// specific first: host/path, its parents, the host, and then the host's
// address as docker stored it.
func (s *search) keys(stored []string, old bool) []string {
	var all []string
	for key, more := s.repository, true; more; {
		if slices.Contains(stored, key) && (!old || key == s.host) {
			all = append(all, key)
		}
		i := strings.LastIndex(key, "/")
		if more = i >= 0; more {
			key = key[:i]
		}
	}
	for _, key := range stored {
		address := strings.TrimPrefix(strings.TrimPrefix(key, "http://"), "https://")
		if old || address != key {
			address, _, _ = strings.Cut(address, "/")
		}
		if hub(address) == hub(s.host) && !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	return all
}

// hub gives Docker Hub, which has several names, one.
func hub(host string) string {
	if host == "docker.io" || host == "registry-1.docker.io" {
		return "index.docker.io"
	}
	return host
}

// decode reads the "auth" of an entry.
func (s *search) decode(path, key, auth string) (Login, bool) {
	user, secret, ok := userAndSecret(auth)
	if !ok {
		if auth != "" { // docker leaves empty entries where a helper has the login
			s.warn("login for %s in %s is not usable: its \"auth\" is not user:password in base64", key, path)
		}
		return Login{}, false
	}
	return Login{Username: user, Secret: secret, Source: path, Key: key}, true
}

// userAndSecret decodes user:password in base64.
func userAndSecret(auth string) (user, secret string, ok bool) {
	b, err := base64.StdEncoding.DecodeString(auth)
	user, secret, ok = strings.Cut(string(b), ":")
	return user, strings.Trim(secret, "\x00"), ok && err == nil
}

func (s *search) unreadable(path string, err error) {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	s.warn("logins in %s are not usable: %v", path, err)
}

//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/tag"
)

// attack is what a hostile registry does, and what comes of it. SECURITY.md
// names attacks by their names.
type attack struct {
	name string
	does func(t *testing.T, s *scene)
	code int
	says string // a part of standard error
	// taken: the attacker's image is used. Such rows show what openlock does
	// not protect from.
	taken bool
	// told: another host gets the login. The same of such rows.
	told bool
	// led: another host is asked for something, by openlock or the engine.
	led bool
}

// TestHostileRegistry has a registry try everything on the host binary and a
// real podman. Whatever it does, the attacker's image does not get the ref, no
// login goes where it does not belong, and nothing is printed that a terminal
// obeys.
func TestHostileRegistry(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	for _, a := range slices.Concat(contentAttacks, textAttacks, loginAttacks, signatureAttacks) {
		t.Run(a.name, func(t *testing.T) { h.play(t, a) })
	}
}

// hostile is what the attacks share.
type hostile struct {
	*rig
	cosign *labtest.Signer
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{rig: newRig(t), cosign: labtest.Cosign(t)}
	if _, err := lab.BuildVerify(t.Context(), h.dir); err != nil {
		t.Fatal(err)
	}
	h.cosign.Keys(t, "ours")
	h.cosign.Keys(t, "theirs")
	return h
}

// Who made an image, in a label of its own.
const (
	ownerLabel = "owner"
	us         = "us"
	attacker   = "attacker"
)

// scene is one attack's: a Containerfile, its image as we have published it,
// and the attacker's, which has copied the label.
type scene struct {
	*hostile
	file     string
	ref      tag.Ref
	identity string
	ours     v1.Image
	theirs   v1.Image
	index    v1.ImageIndex // ours, which the tag names
	other    v1.ImageIndex // theirs, which the tag ref.Tag-other names
	elsewhere
	front func(http.Handler) http.Handler // before what wrap adds; nil: nothing
	args  []string                        // of ensure
	vars  []string                        // environment
}

func (h *hostile) play(t *testing.T, a attack) {
	s := h.newScene(t)
	a.does(t, s)
	defer h.registry.Wrap(nil)
	code, source, said := s.ensure(t)
	if code != a.code || !strings.Contains(said, a.says) {
		t.Errorf("ends with %d, want %d and %q:\n%s", code, a.code, a.says, said)
	}
	if want := map[bool]string{true: "pulled"}[code == 0]; source != want {
		t.Errorf("source %q, want %q", source, want)
	}
	owner, err := h.podman.Run(t.Context(), "image", "inspect", "--format", `{{index .Labels "`+ownerLabel+`"}}`, s.ref.String())
	if (err == nil) != (code == 0) {
		t.Errorf("the ref in podman after exit code %d: %q, %v", code, owner, err)
	}
	if taken := strings.TrimSpace(owner) == attacker; taken != a.taken {
		t.Errorf("the ref names an image of %q", owner)
	}
	if got := s.gotLogin(); (got != "") != a.told {
		t.Errorf("another host got the login: %q", got)
	}
	if asked := s.asked(); (len(asked) > 0) != a.led {
		t.Errorf("another host was asked: %q", asked)
	}
}

func (h *hostile) newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{hostile: h, args: []string{"--build", "never"}}
	s.file, s.ref = h.rig.file(t, false)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.identity = tag.Identity(text)
	s.ours, s.theirs = s.image(t, us, s.identity), s.image(t, attacker, s.identity)
	s.index, s.other = s.push(t, s.ref, s.ours), s.push(t, s.at("other"), s.theirs)
	s.elsewhere.start(t)
	return s
}

// at is another tag of the repository, for this scene alone.
func (s *scene) at(name string) tag.Ref {
	return tag.Ref{Repository: s.ref.Repository, Tag: s.ref.Tag + "-" + name}
}

// image makes an image for this machine.
func (s *scene) image(t *testing.T, owner, label string) v1.Image {
	t.Helper()
	image, err := lab.Image(sandbox.HostPlatform(), label)
	if err != nil {
		t.Fatal(err)
	}
	return changeConfig(t, image, func(c *v1.ConfigFile) { c.Config.Labels[ownerLabel] = owner })
}

func changeConfig(t *testing.T, image v1.Image, change func(*v1.ConfigFile)) v1.Image {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	change(config)
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// push publishes an index of an image for this machine.
func (s *scene) push(t *testing.T, ref tag.Ref, image v1.Image) v1.ImageIndex {
	t.Helper()
	index, err := lab.Index(lab.Entry{Platform: sandbox.HostPlatform(), Appendable: image})
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Push(ref, index); err != nil {
		t.Fatal(err)
	}
	return index
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// ensure runs the program, and checks that what it says is fit to print.
func (s *scene) ensure(t *testing.T) (code int, source, said string) {
	t.Helper()
	with := *s.rig
	with.env = slices.Concat(s.env, s.vars, []string{"GITHUB_ACTIONS=true"})
	e := with.start(t, s.file, append([]string{"--json"}, s.args...)...)
	code, said = e.finish(t), e.said.String()
	for _, text := range []string{said, e.out.String()} {
		if found := unfit(text); found != "" {
			t.Errorf("it prints %q", found)
		}
		if found := runnerCommand.FindString(text); found != "" {
			t.Errorf("it prints %q, which is a command to a workflow's runner:\n%s", found, text)
		}
		if found := dated.FindString(text); found != "" {
			t.Errorf("it prints %q, in another voice than ours", found)
		}
		if strings.Contains(text, secret) || strings.Contains(text, basic) {
			t.Errorf("it prints the login:\n%s", text)
		}
	}
	var out struct{ Source string }
	if code == 0 {
		if err := json.Unmarshal([]byte(e.out.String()), &out); err != nil {
			t.Errorf("%v: %s", err, e.out)
		}
	} else if e.out.String() != "" {
		t.Errorf("it fails and prints %s", e.out)
	}
	return code, out.Source, said
}

// unfit returns what a terminal could obey, with what follows; empty: nothing.
func unfit(text string) string {
	i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
	if i < 0 {
		return ""
	}
	return text[i:min(i+20, len(text))]
}

// dated begins the lines of Go's own log.
var dated = regexp.MustCompile(`(?m)^\d{4}/\d\d/\d\d .*`)

// runnerCommand is what a workflow's runner obeys.
var runnerCommand = regexp.MustCompile(`(?m)^[\s\x{feff}]*::.*|##\[.*`)

// write makes a file for the test.
func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wrap has the registry answer by f; where f returns false, as it is.
func (s *scene) wrap(f func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool) {
	s.registry.Wrap(func(inner http.Handler) http.Handler {
		hostile := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !f(w, req, inner) {
				inner.ServeHTTP(w, req)
			}
		}))
		if s.front != nil {
			hostile = s.front(hostile)
		}
		return hostile
	})
}

// Who asks.
func anybody(*http.Request) bool    { return true }
func engine(req *http.Request) bool { return strings.HasPrefix(req.UserAgent(), "containers/") }

// exchange gives those who ask for one thing of the repository another.
func (s *scene) exchange(who func(*http.Request) bool, from, to string) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, inner http.Handler) bool {
		if who(req) && strings.HasSuffix(req.URL.Path, "/"+from) {
			as(req, strings.TrimSuffix(req.URL.Path, from)+to, w, inner)
			return true
		}
		return false
	})
}

// as answers as if another path had been asked for, without saying so.
func as(req *http.Request, path string, w http.ResponseWriter, inner http.Handler) {
	other := req.Clone(req.Context())
	other.URL.Path = path
	inner.ServeHTTP(&unnamed{w}, other)
}

// unnamed leaves the header out that tells an answer's digest.
type unnamed struct{ http.ResponseWriter }

func (u *unnamed) WriteHeader(status int) {
	u.Header().Del("Docker-Content-Digest")
	u.ResponseWriter.WriteHeader(status)
}

// serve gives those who ask for something bytes of the attacker's.
func (s *scene) serve(who func(*http.Request) bool, path, mediaType string, body []byte) {
	s.wrap(func(w http.ResponseWriter, req *http.Request, _ http.Handler) bool {
		if !who(req) || !strings.HasSuffix(req.URL.Path, path) {
			return false
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(body)
		return true
	})
}

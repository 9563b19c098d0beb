package registry_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// put puts an index of both children under the tag.
func put(t *testing.T, s *server, replaces string, c []registry.Child) (string, error) {
	t.Helper()
	w, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.PutIndex(t.Context(), s.ref().Tag, replaces, c)
}

// puts counts the manifests that the registry was given.
func puts(s *server) (n int) {
	for _, r := range s.requests() {
		if r.Method == http.MethodPut {
			n++
		}
	}
	return n
}

// twoIndexes fills the registry: other is under the tag, and mine could be.
func twoIndexes(t *testing.T) (s *server, other string, mine []registry.Child) {
	t.Helper()
	s = start(t)
	s.push(t, children(t)...)
	mine = s.probe(t, registry.Options{}).Children
	other = s.push(t, children(t)...)
	return s, other, mine
}

// TestPutReplacesOnlyWhatWasRead: nothing is put unless the writer itself has
// read that the tag is as expected.
func TestPutReplacesOnlyWhatWasRead(t *testing.T) {
	tagReads := func(answer fault.Answer) func(*server) {
		return func(s *server) {
			s.behind(answering(s.real, func(r *http.Request) bool { return fault.StepOf(r) == fault.Manifest }, answer))
		}
	}
	answer := func(status int) fault.Answer {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(status) }
	}
	for name, row := range map[string]struct {
		replaces string // "other": what is there
		spoil    func(*server)
		want     registry.State // empty: it is put
	}{
		"what was read":       {"other", nil, ""},
		"expected none":       {"", nil, registry.StateInvalid},
		"expected another":    {"sha256:" + strings.Repeat("0", 64), nil, registry.StateInvalid},
		"expected, not there": {"other", tagReads(answer(http.StatusNotFound)), registry.StateInvalid},
		"403":                 {"other", tagReads(answer(http.StatusForbidden)), registry.StateDenied},
		"403, expected none":  {"", tagReads(answer(http.StatusForbidden)), registry.StateDenied},
		"500":                 {"", tagReads(answer(http.StatusInternalServerError)), registry.StateUnreachable},
		"429":                 {"", tagReads(answer(http.StatusTooManyRequests)), registry.StateThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			s, other, mine := twoIndexes(t)
			replaces := strings.Replace(row.replaces, "other", other, 1)
			if row.spoil != nil {
				row.spoil(s)
			}
			digest, err := put(t, s, replaces, mine)
			if n := puts(s); (n > 0) != (row.want == "") {
				t.Errorf("%d manifests were put", n)
			}
			e := new(registry.Error)
			if row.want != "" && (!errors.As(err, &e) || e.State != row.want) || row.want == "" && err != nil {
				t.Errorf("%v, want %q", err, row.want)
			}
			s.behind(s.real)
			want := other
			if row.want == "" {
				want = digest
			}
			if now := s.probe(t, registry.Options{}); now.Digest != want {
				t.Errorf("the tag is at %s, want %s", now.Digest, want)
			}
		})
	}
}

// TestLostRaceIsTold: another index that comes under the tag right after ours
// is told, and a registry that shows a put late is not taken for one.
func TestLostRaceIsTold(t *testing.T) {
	s, before, mine := twoIndexes(t)
	ours, err := put(t, s, before, mine)
	if err != nil {
		t.Fatal(err)
	}
	third := s.push(t, children(t)...)
	for name, row := range map[string]struct {
		shown string // what the tag names after the put; empty: none
		told  bool
	}{"another": {before, true}, "the one before": {third, false}, "none": {"", false}} {
		t.Run(name, func(t *testing.T) {
			done := false
			s.behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPut:
					done = true
					w.WriteHeader(http.StatusCreated)
				case done && fault.StepOf(r) == fault.Manifest && row.shown == "":
					w.WriteHeader(http.StatusNotFound)
				case done && fault.StepOf(r) == fault.Manifest:
					r.URL.Path = strings.Replace(r.URL.Path, s.ref().Tag, row.shown, 1)
					fallthrough
				default:
					s.real.ServeHTTP(w, r)
				}
			}))
			_, err := put(t, s, third, mine)
			e := new(registry.Error)
			if told := errors.As(err, &e) && strings.Contains(e.Reason, row.shown) && strings.Contains(e.Reason, ours); told != row.told || !told && err != nil {
				t.Errorf("%v", err)
			}
			if n := puts(s); n != 1 {
				t.Errorf("%d puts", n)
			}
		})
	}
}

// TestNoRepositoryToPushTo: a registry that creates no repositories says so to
// the first upload, and not everything that answers 404 is such a registry.
func TestNoRepositoryToPushTo(t *testing.T) {
	for body, want := range map[string]registry.State{
		`{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}`: registry.StateAbsent,
		`{"errors":[{"code":"DENIED"}]}`: registry.StateDenied,
		`{"errors":[]}`:                  registry.StateInvalid,
		`<html>`:                         registry.StateInvalid,
	} {
		s := start(t)
		s.behind(answering(s.real, func(r *http.Request) bool { return r.Method == http.MethodPost }, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte(body))
		}))
		_, err := registry.OpenWriter(t.Context(), s.ref().Repository, registry.Options{Retry: quick})
		e := new(registry.Error)
		if !errors.As(err, &e) || e.State != want {
			t.Fatalf("%s: %v, want %s", body, err, want)
		}
		if told := strings.Contains(e.Reason, "the repository does not exist, and this registry does not create it") && strings.Contains(e.Remedy, "create the repository"); told != (want == registry.StateAbsent) {
			t.Errorf("%s: %q, %q", body, e.Reason, e.Remedy)
		}
	}
}

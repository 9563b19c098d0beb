package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writePatience is what a registry has to begin an answer to a write: it may
// check and move what it got.
const writePatience = 30 * time.Second

// Error is a registry's refusal or failure to take something.
type Error struct {
	State  State  // Denied, Throttled, Unreachable, Invalid, or Absent: no repository to write to
	Reason string // one line, fit to print
	Remedy string // the remedy, may be empty
	Err    error  // the cause; may be nil
}

func (e *Error) Error() string { return e.Reason }

// Hint returns the remedy, one line; empty where there is none.
func (e *Error) Hint() string { return e.Remedy }

// Unwrap returns the cause; nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

// Writer may write to one repository. Close it after use.
type Writer struct {
	session *session
	base    connections
	retry   Retry
}

// OpenWriter signs in with the stored login and asks the registry whether it
// may write to the repository: it begins an upload and takes it back (OCI
// Distribution Specification 1.1, "Pushing blobs"). Nothing is left behind.
// The error is an [*Error], or ctx's cause.
func OpenWriter(ctx context.Context, repository string, o Options) (*Writer, error) {
	o = o.withDefaults()
	at, err := o.placeAt(repository)
	if err != nil {
		return nil, err
	}
	l, warnings := o.first(ctx, at)
	o.HeaderTimeout = writePatience
	w := &Writer{base: connectionsTo(at, o), retry: o.Retry}
	err = w.try(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, writePatience)
		defer cancel()
		var err error
		if w.session, err = open(ctx, at, l, w.base, writePatience, push); err != nil {
			return err
		}
		return w.session.beginUpload(ctx)
	})
	if err == nil {
		return w, nil
	}
	w.Close()
	if e, ok := err.(*Error); ok && e.State == StateDenied && e.Remedy == "" {
		e.Remedy = "no login is stored for " + at.host + "; sign in with one that may write there"
		if !l.anonymous() {
			e.Remedy = "the login from " + l.Source + " may not write there; sign in with one that may (GitHub: permission packages: write)"
		}
		if len(warnings) > 0 {
			e.Remedy = warnings[0]
		}
	}
	return nil, err
}

// Close ends the writer's connections.
func (w *Writer) Close() { w.base.CloseIdleConnections() }

// Transport is for go-containerregistry's remote package: it signs requests by
// itself.
func (w *Writer) Transport() http.RoundTripper { return w.session.client.Transport }

// PutIndex puts an OCI image index of the children under a tag, and returns
// its digest, sha256:…. Children are listed in the order given, so that equal
// children make equal bytes. It is one request: the tag names the whole index
// or what it named before.
//
// Nothing is put unless the tag, read just before by the writer itself, is at
// replaces, sha256:…, or does not exist where that is empty; else the State of
// the error is [StateInvalid], or what kept it from being read. An index that the
// tag names already is left as it is. The tag is read once more afterwards: where
// another writer has put something since, the error tells so. It is an [*Error],
// or ctx's cause.
func (w *Writer) PutIndex(ctx context.Context, tag, replaces string, children []Child) (string, error) {
	body, err := indexOf(children)
	if err != nil {
		return "", err
	}
	hash, _, err := v1.SHA256(bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	digest := hash.String()
	err = w.try(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*writePatience)
		defer cancel()
		before, err := w.session.tagDigest(ctx, tag)
		switch {
		case err != nil:
			return err
		case before == digest:
			return nil
		case before != replaces:
			return &failure{state: StateInvalid, hint: hintRace, reason: fmt.Sprintf(
				"%s:%s %s, expected that it %s: another writer was faster; nothing was put", w.session.at, tag, isAt(before), isAt(replaces))}
		}
		header := http.Header{"Content-Type": {string(types.OCIImageIndex)}}
		resp, err := w.session.send(ctx, http.MethodPut, "manifests/"+tag, header, body)
		if err != nil {
			return err
		}
		if _, err = checkDigest(body, digest, resp.Header.Get("Docker-Content-Digest"), "tag "+tag); err != nil {
			return err
		}
		// Registries show a put some seconds late: the state before proves nothing.
		if after, err := w.session.tagDigest(ctx, tag); err == nil && after != digest && after != before && after != "" {
			return &failure{state: StateInvalid, hint: hintRace, reason: fmt.Sprintf(
				"%s:%s %s, and not at %s, which was put there: another writer has replaced it", w.session.at, tag, isAt(after), digest)}
		}
		return nil
	})
	return digest, err
}

// hintRace is the remedy where another writer was faster.
const hintRace = "run it again: what the other one published is checked, and stays where it is complete"

func isAt(digest string) string {
	if digest == "" {
		return "does not exist"
	}
	return "is at " + digest
}

// tagDigest reads what a tag names, whatever that is; "" where the registry
// says that there is no such tag. The error is a *failure.
func (s *session) tagDigest(ctx context.Context, tag string) (string, error) {
	what := "tag " + tag
	body, header, err := s.get(ctx, "manifests", tag, what, manifestTypes)
	if errors.Is(err, errGone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	digest, err := checkDigest(body, tag, header.Get("Docker-Content-Digest"), what)
	return digest.String(), err
}

func indexOf(children []Child) ([]byte, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, c := range children {
		digest, err := v1.NewHash(c.Digest)
		if err != nil {
			return nil, err
		}
		platform, err := v1.ParsePlatform(c.Platform)
		if err != nil {
			return nil, err
		}
		index.Manifests = append(index.Manifests, v1.Descriptor{
			MediaType: types.MediaType(c.MediaType), Size: c.Size, Digest: digest, Platform: platform,
		})
	}
	return json.Marshal(index)
}

// try does something again where that may help, as the writer's Retry says.
func (w *Writer) try(ctx context.Context, do func(context.Context) error) error {
	var last *failure
	_, err := w.retry.run(ctx, func(ctx context.Context) (*Result, *failure) {
		last = nil
		if err := do(ctx); err != nil {
			last = asFailure(err)
		}
		return nil, last
	})
	switch {
	case err != nil:
		return err
	case last != nil:
		return last.result()
	}
	return nil
}

// beginUpload begins an upload and takes it back.
func (s *session) beginUpload(ctx context.Context) error {
	resp, err := s.send(ctx, http.MethodPost, "blobs/uploads/", nil, nil)
	if err != nil {
		return err
	}
	location, err := resp.Location()
	if err != nil {
		return &failure{state: StateInvalid, reason: "upload: the registry does not say where to"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, location.String(), nil)
	if err != nil {
		return nil
	}
	// Registries drop abandoned uploads; this only is polite.
	if resp, err := s.client.Do(req); err == nil {
		resp.Body.Close()
	}
	return nil
}

// send writes something, and returns the answer of a registry that took it.
func (s *session) send(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	what := "writing to " + s.at.String()
	req, err := http.NewRequestWithContext(ctx, method, s.url(path), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, s.guard.fill(failTransport(what, err))
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 && mediaTypeOf(resp.Header.Get("Content-Type")) != "text/html" {
		return resp, nil // its body says nothing
	}
	answer, _ := readBounded(resp.Body, what)
	return nil, s.guard.fill(failWrite(what, resp, answer))
}

// failWrite judges a registry's answer to a write that it did not take.
func failWrite(what string, resp *http.Response, body []byte) error {
	if resp.StatusCode/100 == 2 {
		return &failure{state: StateInvalid, reason: what + ": the answer is an HTML page"}
	}
	codes := errorCodes(body)
	if resp.StatusCode == http.StatusNotFound && slices.Contains(codes, "NAME_UNKNOWN") {
		return &failure{state: StateAbsent, reason: what + ": the repository does not exist, and this registry does not create it",
			hint: "create the repository at the registry first, then run it again"}
	}
	err := failStatus(what, resp.StatusCode, codes)
	if f := asFailure(err); f.state == StateDenied {
		f.reason, _, _ = strings.Cut(f.reason, ";") // what it says of images that are private or not there
		return f
	}
	return err
}

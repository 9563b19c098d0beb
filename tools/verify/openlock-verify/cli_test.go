package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/tag"
)

func TestMain(m *testing.M) { os.Exit(labtest.Checked(m).Run()) }

// key is a public key that nobody has signed anything with.
const key = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhyQCx0E9wQWSFI9ULGwy3BuRklnt
IqozONbbdbqz11hlRJy9c7SG+hdcFl9jE9uE/dwtuwU2MqU9T/cN0YkWww==
-----END PUBLIC KEY-----
`

var text = []byte("FROM scratch\n")

// unsigned publishes an image that nobody signs, and writes the key down.
func unsigned(t *testing.T, r *lab.Registry) (ref tag.Ref, image *lab.Published, public string) {
	t.Helper()
	ref, err := tag.New(r.Host()+"/vessux/openlock-base", text)
	if err != nil {
		t.Fatal(err)
	}
	public = filepath.Join(t.TempDir(), "cosign.pub")
	if err := os.WriteFile(public, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return ref, labtest.Publish(t, ref, tag.Identity(text)), public
}

// TestCommandLine: what it ends with, and says, without anything signed.
func TestCommandLine(t *testing.T) {
	r := labtest.Registry(t)
	ref, image, public := unsigned(t, r)
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte(`{"mediaType":"application/json"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	subject := ref.String() + "@" + image.Digest
	elsewhere := strings.Replace(subject, image.Digest, "sha256:"+strings.Repeat("0", 64), 1)
	for _, row := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"--version", 0, ""},
		{"", 2, "accepts 1 arg(s), received 0\nhint: see `openlock-verify --help`"},
		{subject, 2, "it names neither a key nor a certificate's identity"},
		{ref.String() + " --key " + public, 2, "has no digest: a tag can move"},
		{subject + " --key nowhere.pub", 2, "nowhere.pub: no such file"},
		{subject + " --key /dev/zero", 2, "/dev/zero: is not a regular file"},
		{subject + " --key " + public + " --certificate-identity me", 2, "exclude each other"},
		{subject + " --certificate-identity me", 2, "certificate-oidc-issuer is missing"},
		{subject + " --certificate-identity me --certificate-oidc-issuer it --trusted-root " + public, 2, "the trusted root is not JSON"},
		{subject + " --certificate-identity me --certificate-oidc-issuer it --trusted-root " + other, 2, "the trusted root: "},
		{subject + " --key " + public + " --identity me@example.com", 2, "a signer's identity is --certificate-identity"},
		{subject + " --key " + public + " --platform amd64", 2, "amd64"},
		{ref.Repository + "@" + image.Digest + " --key " + public, 2, "has no tag"},
		{ref.Repository + "@" + image.Digest + " --key " + public + " --identity " + tag.Identity(text), 7, "it is not signed"},
		{subject + " --key " + public, 7, "it is not signed\nhint: have it signed by its owner"},
		{subject + " --key " + public + " --platform linux/s390x", 4, "no image for linux/s390x"},
		{elsewhere + " --key " + public, 3, "has no manifest sha256:000"},
		{subject + " --key " + public + " --identity " + tag.Identity(nil), 7, "another Containerfile"},
	} {
		var out, said bytes.Buffer
		code := run(t.Context(), strings.Fields(row.args), &out, &said)
		if code != row.code || !strings.Contains(said.String(), row.says) || row.says != "" && !strings.HasPrefix(said.String(), "openlock-verify: ") {
			t.Errorf("%s: ends with %d, want %d: %s", row.args, code, row.code, said.String())
		}
		if code != 0 && out.Len() > 0 {
			t.Errorf("%s: it prints %q", row.args, out.String())
		}
	}
}

// TestTimeout: a registry that begins an answer and does not end it does not keep the
// program for as long as it likes.
func TestTimeout(t *testing.T) {
	r := labtest.Registry(t)
	ref, image, public := unsigned(t, r)
	r.Wrap(func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !strings.Contains(req.URL.Path, "/referrers/") {
				inner.ServeHTTP(w, req)
				return
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			io.WriteString(w, strings.Repeat(" ", 10_000))
			<-req.Context().Done()
		})
	})
	var out, said bytes.Buffer
	code := run(t.Context(), []string{ref.String() + "@" + image.Digest, "--key", public, "--timeout", "1s"}, &out, &said)
	if code != 6 || out.Len() > 0 || said.String() != "openlock-verify: not done within 1s\nhint: allow more with --timeout\n" {
		t.Errorf("ends with %d: %q %q", code, out.String(), said.String())
	}
}

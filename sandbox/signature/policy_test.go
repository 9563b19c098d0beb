package signature

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/vessux/openlock/sandbox/tag"
)

const public = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhyQCx0E9wQWSFI9ULGwy3BuRklnt
IqozONbbdbqz11hlRJy9c7SG+hdcFl9jE9uE/dwtuwU2MqU9T/cN0YkWww==
-----END PUBLIC KEY-----
`

// files is what policies may name.
func files(path string) ([]byte, error) {
	b, found := map[string]string{"cosign.pub": public, "other.pub": strings.Replace(public, "hyQC", "hyQD", 1), "root.json": "{}", "empty": "",
		"two.pub": public + public, "cert.pem": strings.ReplaceAll(public, "PUBLIC KEY", "CERTIFICATE")}[path]
	if !found {
		return nil, errors.New(path + ": no such file")
	}
	return []byte(b), nil
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Policy{
		"key=cosign.pub": {Key: []byte(public)},
		"certificate-identity=me@example.com, certificate-oidc-issuer=https://it": {CertificateIdentity: "me@example.com", CertificateIssuer: "https://it"},
		"certificate-oidc-issuer-regexp=https://(a|b){1,2},trusted-root=root.json,certificate-identity-regexp=x,key?": {
			CertificateIssuerRegexp: "https://(a|b){1,2}", TrustedRoot: []byte("{}"), CertificateIdentityRegexp: "x,key?"},
	} {
		p, err := Parse(text, files)
		if err != nil || p.Fingerprint() != want.Fingerprint() || p.String() != want.String() {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
	// The rest is in testdata/script/cli/bad-verify.txtar.
	for _, text := range []string{"key=cosign.pub,key=cosign.pub", "key=empty", "key=cosign.pub,trusted-root=root.json", "KEY=cosign.pub",
		"certificate-identity=a,certificate-identity-regexp=a,certificate-oidc-issuer=b", "certificate-identity=a,certificate-oidc-issuer=b,trusted-root=cosign.pub",
		"key=two.pub", "key=cert.pem", "certificate-identity-regexp=a)|(?:b,certificate-oidc-issuer=it", `certificate-identity-regexp=a\Q,certificate-oidc-issuer=it`,
		"certificate-identity-regexp=a|,certificate-oidc-issuer=it", "certificate-identity=a,certificate-oidc-issuer-regexp=it)|(b"} {
		if p, err := Parse(text, files); err == nil || !strings.HasPrefix(err.Error(), `policy "`) {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
}

// TestFingerprint: whatever changes who is accepted changes it, and how a key
// is written does not.
func TestFingerprint(t *testing.T) {
	all := []Policy{
		{Key: []byte(public)}, {Key: []byte(strings.Replace(public, "hyQC", "hyQD", 1))},
		{CertificateIdentity: "a", CertificateIssuer: "b"}, {CertificateIdentity: "b", CertificateIssuer: "a"}, {CertificateIdentity: "ab"}, {CertificateIdentityRegexp: "a", CertificateIssuer: "b"},
		{CertificateIdentity: "a", CertificateIssuerRegexp: "b"}, {CertificateIdentity: "a", CertificateIssuer: "b", TrustedRoot: []byte("{}")},
	}
	seen := map[string]int{}
	for i, p := range all {
		if other, twice := seen[p.Fingerprint()]; twice {
			t.Errorf("%+v and %+v are the same", all[other], p)
		}
		seen[p.Fingerprint()] = i
	}
	again := Policy{Key: []byte("from cosign\n" + strings.ReplaceAll(public, "\n", "\r\n"))}
	if again.Fingerprint() != all[0].Fingerprint() {
		t.Error("another way to write the same key is another policy")
	}
}

// FuzzParse: what is taken says whose signature counts; what is not is fit to print.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"key=cosign.pub", "certificate-identity=a,certificate-oidc-issuer=b", "certificate-identity-regexp=(,certificate-oidc-issuer=b", ",", "key=\x1b[2J"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text, files)
		if err == nil && (len(p.Key) == 0 && (p.CertificateIdentity+p.CertificateIdentityRegexp == "" || p.CertificateIssuer+p.CertificateIssuerRegexp == "") || p.Check() != nil) {
			t.Errorf("%q is taken: %+v", text, p)
		}
		if err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) && !strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%q: %q", text, err)
		}
	})
}

func TestWithoutProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	v := &Verifier{Policy: &Policy{Key: []byte(public)}}
	e := new(Error)
	if err := v.Verify(t.Context(), Subject{}); !errors.As(err, &e) || !strings.HasSuffix(e.Reason, "openlock-verify is not installed") || e.Remedy == "" {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(os.Getenv("PATH")); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestArgs: the program gets all of the policy, in one order, and its files as
// they were when they were read.
func TestArgs(t *testing.T) {
	dir := t.TempDir()
	v := &Verifier{Policy: &Policy{CertificateIdentity: "a", CertificateIssuerRegexp: "b.c", TrustedRoot: []byte("{}")}, Timeout: time.Second}
	v.Registry.HeaderTimeout = 2 * time.Second
	got, err := v.args(Subject{Ref: tag.Ref{Repository: "r", Tag: "t"}, Digest: "d", Identity: "i", Platform: "p"}, dir)
	file := filepath.Join(dir, "trusted-root")
	want := []string{"r:t@d", "--identity", "i", "--platform", "p", "--certificate-identity=a", "--certificate-oidc-issuer-regexp=b.c",
		"--timeout=1s", "--header-timeout=2s", "--trusted-root=" + file}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "{}" {
		t.Errorf("%q, %v", b, err)
	}
}

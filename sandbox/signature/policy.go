// Package signature says whose signature a published image has to carry, and
// has it verified by the program openlock-verify.
//
// The verification itself is a program of its own, because what it links costs
// every start of a program some milliseconds and 40 MB. This package links
// nothing but what it takes to start it.
package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Policy says whose signature counts: that of a key, or, keyless, that of a
// certificate for an identity, which an issuer vouched for. The names are
// cosign's. Nothing about a signature is taken from the registry but itself.
type Policy struct {
	// Key is a public key (PKIX in PEM, as `cosign generate-key-pair` writes
	// cosign.pub). It is verified offline, and no transparency log is asked for.
	Key []byte
	// CertificateIdentity is the subject of the certificate, such as a workflow's URL or a
	// person's address; or it has to match CertificateIdentityRegexp, all of it. Just one.
	CertificateIdentity, CertificateIdentityRegexp string
	// CertificateIssuer is who vouched for the identity, such as
	// https://token.actions.githubusercontent.com; or CertificateIssuerRegexp. Just one.
	CertificateIssuer, CertificateIssuerRegexp string
	// TrustedRoot is a trusted_root.json (Sigstore's protobuf-specs,
	// TrustedRoot): whose certificates and logs are believed. Empty: Sigstore's
	// public ones, which are fetched.
	TrustedRoot []byte
}

// Words of a policy's text, which are those of cosign's flags too.
const (
	wordKey            = "key"
	wordIdentity       = "certificate-identity"
	wordIdentityRegexp = "certificate-identity-regexp"
	wordIssuer         = "certificate-oidc-issuer"
	wordIssuerRegexp   = "certificate-oidc-issuer-regexp"
	wordTrustedRoot    = "trusted-root"
)

// words finds a word and its "=". Compiled when it is needed, so that it costs
// no other start of a program anything.
var words = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|,)\s*(key|certificate-identity|certificate-identity-regexp|certificate-oidc-issuer|certificate-oidc-issuer-regexp|trusted-root)=`)
})

// Parse reads a policy's text: word=value pairs, separated by commas. A comma
// that no word and "=" follows is part of the value. The words are key (a file),
// certificate-identity, certificate-oidc-issuer, each also with -regexp behind
// it, and trusted-root (a file). Read gets the files' contents.
func Parse(text string, read func(path string) ([]byte, error)) (*Policy, error) {
	at := words().FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 || at[0][0] != 0 {
		return nil, fmt.Errorf("policy %q: want %s=FILE, or %s=WHO,%s=URL", text, wordKey, wordIdentity, wordIssuer)
	}
	p := &Policy{}
	seen := map[string]bool{}
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		word, value := text[m[2]:m[3]], text[m[1]:end]
		if seen[word] {
			return nil, fmt.Errorf("policy %q: %s is given twice", text, word)
		}
		seen[word] = true
		if err := p.set(word, value, read); err != nil {
			return nil, fmt.Errorf("policy %q: %w", text, err)
		}
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("policy %q: %w", text, err)
	}
	return p, nil
}

func (p *Policy) set(word, value string, read func(string) ([]byte, error)) (err error) {
	if strings.TrimSpace(value) == "" {
		return fmt.Errorf("%s is empty", word)
	}
	switch word {
	case wordKey:
		p.Key, err = read(value)
	case wordTrustedRoot:
		p.TrustedRoot, err = read(value)
	case wordIdentity:
		p.CertificateIdentity = value
	case wordIdentityRegexp:
		p.CertificateIdentityRegexp = value
	case wordIssuer:
		p.CertificateIssuer = value
	case wordIssuerRegexp:
		p.CertificateIssuerRegexp = value
	}
	if err == nil && (word == wordKey && len(p.Key) == 0 || word == wordTrustedRoot && len(p.TrustedRoot) == 0) {
		err = fmt.Errorf("%s: %s is empty", word, value)
	}
	return err
}

// Check reports why a policy would accept no signer, or any.
func (p *Policy) Check() error {
	keyless := p.CertificateIdentity != "" || p.CertificateIdentityRegexp != "" || p.CertificateIssuer != "" || p.CertificateIssuerRegexp != ""
	switch {
	case len(p.Key) > 0 && (keyless || len(p.TrustedRoot) > 0):
		return errors.New("a key and a certificate's identity exclude each other: one signature is by one of them")
	case len(p.Key) > 0:
		return checkKey(p.Key)
	case !keyless:
		return errors.New("it names neither a key nor a certificate's identity, so anybody's signature would do")
	case len(p.TrustedRoot) > 0 && !json.Valid(p.TrustedRoot):
		return errors.New("the trusted root is not JSON")
	}
	if err := checkOne(wordIdentity, p.CertificateIdentity, p.CertificateIdentityRegexp); err != nil {
		return err
	}
	return checkOne(wordIssuer, p.CertificateIssuer, p.CertificateIssuerRegexp)
}

// checkKey tells a public key from what is most often given in its place.
func checkKey(key []byte) error {
	block, rest := pem.Decode(key)
	switch {
	case block == nil:
		return errors.New("the key is not in PEM, as cosign writes cosign.pub")
	case strings.Contains(block.Type, "PRIVATE"):
		return errors.New("the key is a private one: give the public key, cosign.pub")
	case block.Type != "PUBLIC KEY":
		return fmt.Errorf("the key is not a public key but a %s: give what `cosign public-key` prints", strings.ToLower(block.Type))
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return errors.New("the key is not a public key (PKIX)")
	}
	if second, _ := pem.Decode(rest); second != nil {
		return errors.New("the key's file holds more than one: only one counts, so give that one")
	}
	return nil
}

// checkOne checks a value that is given as it is or as a regular expression.
func checkOne(word, exact, expression string) error {
	switch {
	case strings.TrimSpace(exact) == "" && strings.TrimSpace(expression) == "":
		return fmt.Errorf("%s is missing: an identity counts only together with its issuer", word)
	case exact != "" && expression != "":
		return fmt.Errorf("%s and %s-regexp exclude each other", word, word)
	case exact != "":
		return nil
	}
	// By itself first: one that closes the group of the anchors escapes them.
	if _, err := regexp.Compile(expression); err != nil {
		return fmt.Errorf("%s-regexp: %w", word, err)
	}
	re, err := regexp.Compile(Anchored(expression))
	if err != nil {
		return fmt.Errorf("%s-regexp: %w", word, err)
	}
	// No identity has this form: what matches it matches anything.
	if re.MatchString("") || re.MatchString("\x00") {
		return fmt.Errorf("%s-regexp %q matches anything, so it says nothing", word, expression)
	}
	return nil
}

// Anchored is a regular expression that has to match all of a text; empty for
// none.
func Anchored(expression string) string {
	if expression == "" {
		return ""
	}
	return `^(?:` + expression + `)$`
}

// Fingerprint identifies what a policy accepts, 64 hex digits: another key in
// the same file is another policy.
func (p *Policy) Fingerprint() string {
	key := p.Key
	if block, _ := pem.Decode(key); block != nil {
		key = block.Bytes
	}
	var b bytes.Buffer
	for _, part := range [][]byte{key, []byte(p.CertificateIdentity), []byte(p.CertificateIdentityRegexp), []byte(p.CertificateIssuer), []byte(p.CertificateIssuerRegexp), p.TrustedRoot} {
		fmt.Fprintf(&b, "%d:%s", len(part), part)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// String tells whose signature counts, in one line.
func (p *Policy) String() string {
	if len(p.Key) > 0 {
		block, _ := pem.Decode(p.Key)
		if block == nil {
			return "a key"
		}
		sum := sha256.Sum256(block.Bytes)
		return "the key sha256:" + hex.EncodeToString(sum[:])
	}
	who, by := p.CertificateIdentity, p.CertificateIssuer
	if who == "" {
		who = "/" + p.CertificateIdentityRegexp + "/"
	}
	if by == "" {
		by = "/" + p.CertificateIssuerRegexp + "/"
	}
	return who + " by " + by
}

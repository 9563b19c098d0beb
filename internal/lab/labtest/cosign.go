package labtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
)

// Signer runs the real cosign, version 2 and 3, with a home of its own and
// without any service of Sigstore's.
type Signer struct {
	Dir    string // of the keys, NAME.key and NAME.pub
	v2, v3 string // paths
}

// noServices is a signing configuration without any log or time stamps.
const noServices = `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}`

// Cosign gives a test a signer without keys.
func Cosign(t testing.TB) *Signer {
	t.Helper()
	Need(t, lab.Cosign2, lab.Cosign3)
	c := &Signer{Dir: t.TempDir()}
	var err error
	if c.v2, err = lab.Cosign2.Find(); err != nil {
		t.Fatal(err)
	}
	if c.v3, err = lab.Cosign3.Find(); err != nil {
		t.Fatal(err)
	}
	c.file(t, "none.json", noServices)
	c.file(t, "predicate.json", `{"wanted": "an attestation that says nothing of trust"}`)
	return c
}

func (c *Signer) file(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *Signer) run(t testing.TB, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), "HOME="+c.Dir, "DOCKER_CONFIG="+c.Dir, "COSIGN_PASSWORD=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
	}
}

// Keys makes a pair of keys, NAME.key and NAME.pub, and returns the public one.
func (c *Signer) Keys(t testing.TB, name string) []byte {
	t.Helper()
	c.run(t, c.v3, "generate-key-pair", "--output-key-prefix", name)
	public, err := os.ReadFile(filepath.Join(c.Dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// Import makes such a pair of a private key of any kind, in PEM.
func (c *Signer) Import(t testing.TB, name, private string) {
	t.Helper()
	c.file(t, "imported.pem", private)
	c.run(t, c.v3, "import-key-pair", "--yes", "--key", "imported.pem", "--output-key-prefix", name)
}

// Classic signs as cosign 2 does by default.
func (c *Signer) Classic(t testing.TB, key, image string) {
	t.Helper()
	c.run(t, c.v2, "sign", "--yes", "--tlog-upload=false", "--key", key+".key", image)
}

// Bundle signs as cosign 3 does by default.
func (c *Signer) Bundle(t testing.TB, key, image string) {
	t.Helper()
	c.run(t, c.v3, "sign", "--yes", "--signing-config", "none.json", "--key", key+".key", image)
}

// Attest says something else about the image, by the same key, in both ways.
func (c *Signer) Attest(t testing.TB, key, image string) {
	t.Helper()
	c.run(t, c.v2, "attest", "--yes", "--tlog-upload=false", "--type", "custom", "--predicate", "predicate.json", "--key", key+".key", image)
	c.run(t, c.v3, "attest", "--yes", "--signing-config", "none.json", "--type", "custom", "--predicate", "predicate.json", "--key", key+".key", image)
}

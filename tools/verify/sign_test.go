package verify_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vessux/openlock/sandbox/signature"
	"github.com/vessux/openlock/tools/lab"
	"github.com/vessux/openlock/tools/lab/labtest"
)

// cosign runs the real programs, with a home of their own and without any
// service of Sigstore's.
type cosign struct {
	dir    string
	v2, v3 string // paths
}

// noServices is a signing configuration without any log or time stamps.
const noServices = `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}`

func newCosign(t *testing.T) *cosign {
	t.Helper()
	labtest.Need(t, lab.Cosign2, lab.Cosign3)
	c := &cosign{dir: t.TempDir()}
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

func (c *cosign) file(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *cosign) run(t *testing.T, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "DOCKER_CONFIG="+c.dir, "COSIGN_PASSWORD=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
	}
}

// keys makes a pair of keys, name.key and name.pub, and returns the policy that
// wants a signature by it.
func (c *cosign) keys(t *testing.T, name string) *signature.Policy {
	t.Helper()
	c.run(t, c.v3, "generate-key-pair", "--output-key-prefix", name)
	public, err := os.ReadFile(filepath.Join(c.dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return &signature.Policy{Key: public}
}

// classic signs as cosign 2 does by default.
func (c *cosign) classic(t *testing.T, key, image string) {
	t.Helper()
	c.run(t, c.v2, "sign", "--yes", "--tlog-upload=false", "--key", key+".key", image)
}

// bundle signs as cosign 3 does by default.
func (c *cosign) bundle(t *testing.T, key, image string) {
	t.Helper()
	c.run(t, c.v3, "sign", "--yes", "--signing-config", "none.json", "--key", key+".key", image)
}

// attest says something else about the image, by the same key, in both ways.
func (c *cosign) attest(t *testing.T, key, image string) {
	t.Helper()
	c.run(t, c.v2, "attest", "--yes", "--tlog-upload=false", "--type", "custom", "--predicate", "predicate.json", "--key", key+".key", image)
	c.run(t, c.v3, "attest", "--yes", "--signing-config", "none.json", "--type", "custom", "--predicate", "predicate.json", "--key", key+".key", image)
}

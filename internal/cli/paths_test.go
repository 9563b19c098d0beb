package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestPathsOfTheFile: a path in the configuration file is relative to that
// file's directory, whatever the working directory holds; one of a flag or a
// variable is relative to the working directory.
func TestPathsOfTheFile(t *testing.T) {
	config := isolate(t)
	beside, here := "FROM scratch\nLABEL of=config\n", "FROM scratch\nLABEL of=here\n"
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, filepath.Join(filepath.Dir(config), "x"), beside)
	write(t, filepath.Join(dir, "x"), here)
	write(t, config, `containerfile = "x"`)
	for _, row := range []struct {
		flags Flags
		env   string
		want  string
		file  string
	}{
		{nil, "", beside, filepath.Join(filepath.Dir(config), "x")},
		{nil, "x", here, "x"},
		{Flags{"containerfile": ptr("x")}, "", here, "x"},
	} {
		t.Setenv("OPENLOCK_BASE_CONTAINERFILE", row.env)
		s, err := row.flags.resolve(Openlock, base.Default())
		if err != nil || string(s.Base.Containerfile) != row.want || s.file != row.file {
			t.Errorf("%+v: %q from %q, %v", row, s.Base.Containerfile, s.file, err)
		}
	}
	t.Setenv("OPENLOCK_BASE_CONTAINERFILE", "")
	write(t, config, `containerfile = "`+filepath.Join(dir, "x")+`"`)
	if out, said, code := run(t, "tag", "--full"); out != tag.Identity([]byte(here))+"\n" {
		t.Errorf("an absolute path: %d, %q, %q", code, out, said)
	}
	write(t, config, `containerfile = "gone"`)
	if _, said, code := run(t, "tag"); code != 2 || !strings.Contains(said, config+`: containerfile "`+filepath.Join(filepath.Dir(config), "gone")+`": `) {
		t.Errorf("a missing file: %d, %q", code, said)
	}
}

// TestKeysOfTheFile: so are the files that a policy names.
func TestKeysOfTheFile(t *testing.T) {
	config := isolate(t)
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, config, `verify = "key=cosign.pub"`)
	verifier := func() error {
		t.Helper()
		s, err := Flags{}.resolve(Openlock, base.Default())
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&App{Err: io.Discard}).Verifier(s)
		return err
	}
	key := publicKey(t)
	write(t, filepath.Join(dir, "cosign.pub"), key)
	if err := verifier(); ExitCode(err) != 2 || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a key in the working directory was read: %v", err)
	}
	os.Remove(filepath.Join(dir, "cosign.pub"))
	write(t, filepath.Join(filepath.Dir(config), "cosign.pub"), key)
	if err := verifier(); err != nil {
		t.Errorf("the key beside the file: %v", err)
	}
}

// publicKey makes a key that a policy can name.
func publicKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func ptr(s string) *string { return &s }

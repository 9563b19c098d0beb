// Package cosign signs published images with the cosign program, 2 or 3.
package cosign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/process"
)

// Keyless signs by a certificate for the identity of who runs cosign.
const Keyless = "keyless"

// signTimeout bounds a signing: keyless, somebody may have to log in.
const signTimeout = 5 * time.Minute

// cosignName is the program that signs.
const cosignName = "cosign"

// ErrNoCosign tells that cosign is not installed.
var ErrNoCosign = errors.New("the program cosign is not installed")

// CheckSigner reports what can be neither [Keyless] nor a key's name. It does
// not repeat it: it may be the key itself.
func CheckSigner(by string) error {
	if by == "" || strings.HasPrefix(by, "-") || strings.ContainsAny(by, " \t\r\n") {
		return fmt.Errorf("what is to sign is not the name of a key, and not %q", Keyless)
	}
	return nil
}

// Sign has cosign sign an image, repository@digest: [Keyless], or by a key as
// cosign names them (a file, env://NAME, awskms://…, gcpkms://…, hashivault://…).
// By a key, nothing is written to a transparency log: a client with the public
// key needs none. Cosign's environment, such as COSIGN_PASSWORD, is its own.
// What it prints goes to out.
func Sign(ctx context.Context, image, by string, out io.Writer) error {
	if err := CheckSigner(by); err != nil {
		return err
	}
	path, err := exec.LookPath(cosignName)
	if err != nil {
		return ErrNoCosign
	}
	cosign := process.Program{Name: cosignName, Path: path, Output: out}
	args := []string{"sign", "--yes"}
	if by != Keyless {
		dir, err := os.MkdirTemp("", "openlock-sign-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		unlogged, err := withoutLog(ctx, cosign, dir)
		if err != nil {
			return err
		}
		args = append(args, "--key", by, unlogged)
	}
	return cosign.Work(ctx, signTimeout, nil, append(args, image)...)
}

// noServices is a signing configuration that names no log and no server that
// stamps time (Sigstore's protobuf-specs, SigningConfig).
const noServices = `{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {}, "tsaConfig": {}}`

// withoutLog is the flag by which cosign writes to no log: until version 2 one
// of its own, from version 3 a configuration.
func withoutLog(ctx context.Context, cosign process.Program, dir string) (string, error) {
	help, err := cosign.Ask(ctx, "sign", "--help")
	if err != nil {
		return "", err
	}
	if bytes.Contains(help, []byte("\n    --tlog-upload=")) {
		return "--tlog-upload=false", nil
	}
	config := filepath.Join(dir, "signing-config.json")
	return "--signing-config=" + config, os.WriteFile(config, []byte(noServices), 0o600)
}

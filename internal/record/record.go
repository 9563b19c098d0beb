// Package record remembers where an image in an engine's store is from: a
// build on this machine, or a pull of something that was verified. An engine
// itself does not tell: anybody who may use it can tag anything.
//
// A record is a small file in a directory of the user's own. One that is lost
// costs a verification; it is no secret, and no other user may write to it.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/vessux/openlock/internal/owned"
)

// Record is what is remembered of one image.
type Record struct {
	Image  string `json:"image"`            // its ID in the engine's store
	Digest string `json:"digest,omitempty"` // sha256:…, of the published index that it was pulled from; empty: it was built here
	// Manifest is the digest of the platform's own manifest, sha256:…. It names
	// the layers, which an ID, being the config's digest, need not.
	Manifest string `json:"manifest,omitempty"`
	Policy   string `json:"policy,omitempty"` // fingerprint of the policy that the digest was verified by
}

// Built reports whether the image was built on this machine.
func (r *Record) Built() bool { return r.Digest == "" }

// maxRecord is the largest record that is read, in bytes.
const maxRecord = 4 << 10

// Load returns what directory dir has for key, or nil: nothing, or nothing
// that can be relied on. Without a directory there is nothing, least of all in
// the working directory.
func Load(dir, key string) *Record {
	if dir == "" {
		return nil
	}
	f, err := open(path(dir, key))
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecord))
	r := new(Record)
	if err != nil || json.Unmarshal(b, r) != nil || r.Image == "" || (r.Digest == "") != (r.Policy == "") || (r.Digest == "") != (r.Manifest == "") {
		return nil
	}
	return r
}

// open opens a record that only its owner, who is us, could have written.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|owned.NoFollow|owned.NoWait, 0)
	if err != nil {
		return nil, err
	}
	for _, own := range []func() (os.FileInfo, error){f.Stat, func() (os.FileInfo, error) { return os.Stat(filepath.Dir(path)) }} {
		info, err := own()
		if err == nil && !owned.ByUs(info) {
			err = errors.New("somebody else may write to it")
		}
		if err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Save puts a record in place of the one before, at once. Dir is made when it
// is missing.
func Save(dir, key string, r Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path(dir, key)); err != nil {
		return errors.Join(fmt.Errorf("record: %w", err), os.Remove(f.Name()))
	}
	return nil
}

func path(dir, key string) string { return stem(dir, key) + ".json" }

func stem(dir, key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(dir, hex.EncodeToString(sum[:16]))
}

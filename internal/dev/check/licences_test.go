package check

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// TestLicences: docs/licences.md is that of the modules in go.mod.
func TestLicences(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := Licences(t.Context(), &want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, LicencesDocument))
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not of these modules (%v); run `go tool mage licences`", LicencesDocument, err)
	}
}

func TestLicence(t *testing.T) {
	for text, want := range map[string]string{"": "", "all rights reserved": "", "GNU AFFERO GENERAL PUBLIC LICENSE Version 3": ""} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := licence(dir); err == nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

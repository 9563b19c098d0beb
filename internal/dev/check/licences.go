package check

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// LicencesDocument is the path of what [Licences] writes, from the root of the
// repository.
const LicencesDocument = "docs/licences.md"

// permitted are the licences that ask for no more than to be named, each by
// its SPDX identifier and words that no other one has. The first that fits is
// the one.
var permitted = []struct{ id, words string }{
	{"Apache-2.0", "apache license version 2.0"},
	{"Apache-2.0", "licensed under the apache license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
	{"BSD-3-Clause", "used to endorse or promote products derived from this software"},
	{"BSD-2-Clause", "redistribution and use in source and binary forms, with or without modification"},
	{mpl, "mozilla public license, version 2.0"}, {mpl, "mozilla public license version 2.0"},
}

// mpl asks for the source of what is changed in its files. Nothing is; it is
// permitted in openlock-verify, whose dependencies bring it, and nowhere else.
const mpl = "MPL-2.0"

// Licences writes the licence of every module that this repository imports,
// and which of the two programs hold it. A module without a licence that is
// known and permitted is an error.
func Licences(ctx context.Context, w io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	all, err := modulesOf(ctx, root, "./...")
	if err != nil {
		return err
	}
	host, err := modulesOf(ctx, root, "./tools/openlock")
	if err != nil {
		return err
	}
	verify, err := modulesOf(ctx, filepath.Join(root, filepath.FromSlash(lab.VerifyModule)), "./...")
	if err != nil {
		return err
	}
	var doc bytes.Buffer
	doc.WriteString("# Licences\n\nWritten by `go tool mage licences`: the modules that the packages of this repository\nimport. Those in a program are marked.\n\n| module | version | licence | openlock | openlock-verify |\n|---|---|---|---|---|\n")
	for _, m := range sorted(all, verify) {
		id, err := licence(m.dir)
		if err == nil && strings.Contains(id, mpl) && slices.Contains(all, m) {
			err = fmt.Errorf("%s is permitted in %s only", mpl, lab.VerifyModule)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		fmt.Fprintf(&doc, "| %s | %s | %s | %s | %s |\n", m.path, m.version, id, mark(host, m), mark(verify, m))
	}
	_, err = doc.WriteTo(w)
	return err
}

func mark(in []module, m module) string {
	if slices.Contains(in, m) {
		return "yes"
	}
	return ""
}

// WriteLicences writes [LicencesDocument].
func WriteLicences(ctx context.Context) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	var doc bytes.Buffer
	if err := Licences(ctx, &doc); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, filepath.FromSlash(LicencesDocument)), doc.Bytes(), 0o644)
}

type module struct{ path, version, dir string }

// modulesOf lists the modules behind a pattern of packages, without our own.
func modulesOf(ctx context.Context, root, pattern string) ([]module, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not (or .Main .Replace)}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", pattern)
	cmd.Dir = root
	// The list is that of Linux on every machine.
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []module
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			all = append(all, module{f[0], f[1], f[2]})
		}
	}
	return sorted(all), nil
}

// sorted joins lists, and has each module once, by its name.
func sorted(lists ...[]module) []module {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b module) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.version, b.version))
	})
	return slices.Compact(all)
}

// licence reads the licences of a module's directory, as SPDX identifiers.
func licence(dir string) (string, error) {
	var files []string
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "UNLICENSE*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		files = append(files, found...)
	}
	var ids []string
	for _, f := range files {
		if strings.HasSuffix(f, ".docs") {
			continue // of a module's documentation, which we do not use
		}
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a directory
		}
		id := identify(string(b))
		if id == "" {
			return "", fmt.Errorf("%s is not a licence that is permitted", filepath.Base(f))
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "", errors.New("there is no file with a licence")
	}
	slices.Sort(ids)
	return strings.Join(ids, ", "), nil
}

// identify returns the SPDX identifier of a licence's text; empty for none
// that is permitted.
func identify(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, l := range permitted {
		if strings.Contains(text, l.words) {
			return l.id
		}
	}
	return ""
}

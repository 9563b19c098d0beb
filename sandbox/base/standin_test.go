package base_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/vessux/openlock/sandbox/base"
)

// standIn is base.Containerfile with what a machine without the internet has
// in place of what it pins: a Debian for Ubuntu's image, its archive without
// snapshot, and tarballs of small programs on loopback for Node.js and uv.
// Every instruction is the file's own; only sources and checksums differ.
type standIn struct {
	containerfile string
	nodeSums      map[string]string // by architecture
}

func newStandIn(t *testing.T, from string) *standIn {
	t.Helper()
	s := &standIn{containerfile: string(base.Containerfile()), nodeSums: map[string]string{}}
	files := map[string][]byte{}
	exchange := func(pattern, with string, times int) {
		t.Helper()
		re := regexp.MustCompile(`(?m)` + pattern)
		if n := len(re.FindAllString(s.containerfile, -1)); n != times {
			t.Fatalf("base.Containerfile has %q %d times, want %d", pattern, n, times)
		}
		s.containerfile = re.ReplaceAllString(s.containerfile, "${1}"+with)
	}
	// Two architectures differ by the names in their tarballs, and so by their sums.
	for arch, names := range map[string]struct{ node, uv string }{
		"amd64": {"node-v22.12.0-linux-x64", "uv-x86_64-unknown-linux-gnu"},
		"arm64": {"node-v22.12.0-linux-arm64", "uv-aarch64-unknown-linux-gnu"},
	} {
		node := compressed(t, "xz", archive(t, names.node, map[string]string{
			"bin/node":     "#!/bin/sh\necho v22.12.0\n",
			"bin/corepack": "#!/bin/sh\n[ \"$1\" = enable ] && ln -s corepack /usr/local/bin/yarn\n",
			"README.md":    "no part of the image\n",
		}))
		uv := compressed(t, "gzip", archive(t, names.uv, map[string]string{"uv": "#!/bin/sh\necho uv\n", "uvx": "#!/bin/sh\n"}))
		files["/v22.12.0/"+names.node+".tar.xz"] = node
		files["/0.5.11/"+names.uv+".tar.gz"] = uv
		s.nodeSums[arch] = sum(node)
		exchange(`(^ARG NODE_SHA256_`+strings.ToUpper(arch)+`=).*`, sum(node), 1)
		exchange(`(^ARG UV_SHA256_`+strings.ToUpper(arch)+`=).*`, sum(uv), 1)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, there := files[r.URL.Path]
		if !there {
			http.NotFound(w, r)
			return
		}
		w.Write(file)
	}))
	t.Cleanup(server.Close)
	exchange(`(^FROM .*?)ubuntu:24\.04@sha256:[0-9a-f]{64}`, from, 2)
	exchange(`(^ARG APT_SNAPSHOT=).*`, "", 2)
	exchange(`(^ARG NODE_URL=).*`, server.URL, 1)
	exchange(`(^ARG UV_URL=).*`, server.URL, 1)
	return s
}

// setenv gives the variables, NAME=value, to what the test runs.
func setenv(t *testing.T, env []string) {
	t.Helper()
	for _, e := range env {
		name, v, _ := strings.Cut(e, "=")
		t.Setenv(name, v)
	}
}

// archive is a tarball of programs, in the directory that releases have them in.
func archive(t *testing.T, dir string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: dir + "/" + name, Mode: 0o755, Size: int64(len(text)), Uid: 1000, Gid: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compressed is what a program makes of b.
func compressed(t *testing.T, program string, b []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "--stdout")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

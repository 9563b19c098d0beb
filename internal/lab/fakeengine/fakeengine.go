// Package fakeengine stands in for podman and docker where a test is about
// the decisions that are taken over an engine, or about an engine that fails.
// It speaks as much of their command lines, and of docker's socket, as package
// sandbox/engine asks for, and pulls from real registries. Whether the real
// engines behave so is shown by tests that run on them.
//
// Its state is files in the directory that the environment variable
// [DirVariable] names: images.json, a log of what was asked, and one file for
// each way to misbehave:
//
//	down        every podman command fails
//	broken      every podman command fails as without a readable storage.conf;
//	            the docker program fails to inspect images
//	fail-pull   so many pulls fail, a number
//	fail-build  so many builds fail, a number
//	hang-pull, hang-build
//	            they go on until they are killed
//	loud        builds print 100 MB
//	garbage     builds print what is not UTF-8, and what a terminal or a workflow's runner obeys
//	foreign     builds leave out the label
//	platform    it runs this platform, and not the machine's
package fakeengine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// DirVariable names the environment variable of the state's directory.
const DirVariable = "FAKE_ENGINE_DIR"

// Image is an image in the fake store.
type Image struct {
	ID       string
	Platform string // os/arch[/variant]
	Labels   map[string]string
	Digests  []string
}

// Store is the state's directory.
type Store string

// Images returns the images by ref and by ID.
func (s Store) Images() (map[string]Image, error) {
	images := map[string]Image{}
	b, err := os.ReadFile(filepath.Join(string(s), "images.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return images, nil
	}
	if err != nil {
		return nil, err
	}
	return images, json.Unmarshal(b, &images)
}

// Put gives an image a ref.
func (s Store) Put(ref string, i Image) error {
	images, err := s.Images()
	if err != nil {
		return err
	}
	images[ref], images[i.ID] = i, i
	return s.write(images)
}

// Remove takes a ref away, and its image where that was its last one.
func (s Store) Remove(ref string) error {
	images, err := s.Images()
	if err != nil {
		return err
	}
	image, ok := images[ref]
	if !ok {
		return fmt.Errorf("%s: image not known", ref)
	}
	delete(images, ref)
	for name, other := range images {
		if other.ID == image.ID && name != image.ID {
			return s.write(images)
		}
	}
	delete(images, image.ID)
	return s.write(images)
}

// write replaces the file at once, so that readers see all or nothing of it.
func (s Store) write(images map[string]Image) error {
	b, err := json.Marshal(images)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(string(s), "images-")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(string(s), "images.json"))
}

// note writes down a question.
func (s Store) note(line string) error {
	f, err := os.OpenFile(filepath.Join(string(s), "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// runs is the platform that the engine tells as its own.
func (s Store) runs() string {
	b, err := os.ReadFile(filepath.Join(string(s), "platform"))
	if err != nil {
		return "linux/" + runtime.GOARCH
	}
	return string(b)
}

// server is what docker tells of its daemon.
func (s Store) server() map[string]string {
	os, arch, _ := strings.Cut(s.runs(), "/")
	return map[string]string{"Os": os, "Arch": arch}
}

// is tells whether the engine is to misbehave in a way.
func (s Store) is(way string) bool {
	_, err := os.Stat(filepath.Join(string(s), way))
	return err == nil
}

// spend tells whether it is to misbehave this time too, and counts down.
func (s Store) spend(way string) bool {
	path := filepath.Join(string(s), way)
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || n <= 0 {
		return false
	}
	return os.WriteFile(path, []byte(strconv.Itoa(n-1)), 0o600) == nil
}

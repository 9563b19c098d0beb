package fakeengine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Main is the program podman or docker, whichever os.Args[0] says; a "fake" in
// front of the name does not count.
func Main() {
	p := program{name: strings.TrimPrefix(filepath.Base(os.Args[0]), "fake"), store: Store(os.Getenv(DirVariable))}
	err := p.run(os.Args[1:])
	if err == nil {
		return
	}
	if e, ok := err.(exitError); ok { // it has said what it had to
		os.Exit(int(e))
	}
	fmt.Fprintln(os.Stderr, "Error:", err)
	os.Exit(125)
}

type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

type program struct {
	name  string
	store Store
}

// commandLine is a verb, its options and what is left.
type commandLine struct {
	verb    string
	options map[string]string
	labels  map[string]string
	rest    []string
}

// switches are the options that take no value.
var switches = map[string]bool{"--load": true, "--no-cache": true}

func parse(args []string) commandLine {
	c := commandLine{options: map[string]string{}, labels: map[string]string{}}
	words := 1
	if len(args) > 0 && (args[0] == "image" || args[0] == "buildx") {
		words = 2
	}
	words = min(words, len(args))
	c.verb = strings.Join(args[:words], " ")
	for args = args[words:]; len(args) > 0; args = args[1:] {
		switch a := args[0]; {
		case switches[a]:
			c.options[a] = "true"
		case strings.HasPrefix(a, "--") && len(args) > 1:
			if k, v, ok := strings.Cut(args[1], "="); ok && a == "--label" {
				c.labels[k] = v
			}
			c.options[a] = args[1]
			args = args[1:]
		default:
			c.rest = append(c.rest, a)
		}
	}
	return c
}

func (p program) run(args []string) error {
	c := parse(args)
	if err := p.store.note(p.name + " " + c.verb); err != nil {
		return err
	}
	if p.name == "podman" && p.store.is("down") {
		return fmt.Errorf("the fake engine is down\x1b[2J")
	}
	if p.store.is("broken") && (p.name == "podman" || c.verb == "image inspect") {
		fmt.Fprintln(os.Stderr, "stat storage.conf: no such file or directory")
		return exitError(1)
	}
	first := append(c.rest, "")[0]
	switch c.verb {
	case "image inspect", "image exists":
		return p.inspect(c.verb, first)
	case "pull":
		return p.pull(first, c.options["--platform"])
	case "build", "buildx build":
		return p.build(c)
	case "tag":
		return p.tag(c.rest)
	case "rmi":
		return p.store.Remove(first)
	case "buildx version":
		return nil
	case "version":
		return p.version()
	}
	return fmt.Errorf("the fake engine does not know %q", c.verb)
}

func (p program) inspect(verb, ref string) error {
	images, err := p.store.Images()
	if err != nil {
		return err
	}
	i, ok := images[ref]
	switch {
	case !ok && verb == "image exists":
		return exitError(1)
	case !ok && p.name == "docker":
		fmt.Fprintln(os.Stderr, "Error: No such image:", ref)
		return exitError(1)
	case !ok:
		return fmt.Errorf("%s: image not known", ref)
	case verb == "image exists":
		return nil
	}
	return json.NewEncoder(os.Stdout).Encode([]any{i.json()})
}

// version is the answer about the server alone.
func (p program) version() error {
	if p.name == "docker" {
		return json.NewEncoder(os.Stdout).Encode(p.store.server())
	}
	_, err := fmt.Println(p.store.runs())
	return err
}

// json is the image in the fields that podman and docker have in common.
func (i Image) json() map[string]any {
	part := append(strings.Split(i.Platform, "/"), "", "", "")
	return map[string]any{
		"Id": i.ID, "Os": part[0], "Architecture": part[1], "Variant": part[2],
		"Labels": i.Labels, "RepoDigests": i.Digests, "Config": map[string]any{"Labels": i.Labels},
	}
}

func (p program) pull(ref, platform string) error {
	fmt.Fprintln(os.Stderr, "fake: pulling", ref)
	if p.store.is("hang-pull") {
		time.Sleep(time.Hour)
	}
	if p.store.spend("fail-pull") {
		return fmt.Errorf("the fake pull fails")
	}
	r, err := name.ParseReference(ref)
	if err != nil {
		return err
	}
	wanted, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
	image, err := remote.Image(r, remote.WithPlatform(*wanted))
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	id, err := image.ConfigName()
	if err != nil {
		return err
	}
	return p.store.Put(ref, Image{ID: id.String(), Platform: config.Platform().String(), Labels: config.Config.Labels, Digests: []string{ref}})
}

func (p program) build(c commandLine) error {
	fmt.Fprintln(os.Stderr, "fake: building")
	if p.store.is("hang-build") {
		time.Sleep(time.Hour)
	}
	if p.store.is("loud") {
		line := strings.Repeat("x", 99) + "\n"
		for range 1_000_000 {
			fmt.Fprint(os.Stderr, line)
		}
	}
	if p.store.is("garbage") {
		os.Stderr.WriteString("\xff\xfe\x00\x1b[2J caf\xe9 \xf0\x9f\n\ufeff ::error::x\r::stop-commands::y\nz##[error]x\n")
	}
	if p.store.spend("fail-build") {
		return fmt.Errorf("the fake build fails")
	}
	file, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if !bytes.Contains(file, []byte("FROM ")) {
		return fmt.Errorf("no FROM statement found")
	}
	// What was built is kept, for tests that compare it with what was hashed.
	if err := os.WriteFile(filepath.Join(string(p.store), "built"), file, 0o600); err != nil {
		return err
	}
	if p.store.is("foreign") {
		c.labels = nil
	}
	sum := sha256.Sum256(file)
	i := Image{ID: "sha256:" + hex.EncodeToString(sum[:]), Platform: c.options["--platform"], Labels: c.labels}
	if err := p.store.Put(i.ID, i); err != nil {
		return err
	}
	if name := c.options["--tag"]; name != "" {
		return p.store.Put(name, i)
	}
	return os.WriteFile(c.options["--iidfile"], []byte(i.ID), 0o600)
}

func (p program) tag(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("tag: want an image and a ref")
	}
	images, err := p.store.Images()
	if err != nil {
		return err
	}
	i, ok := images[args[0]]
	if !ok {
		return fmt.Errorf("%s: image not known", args[0])
	}
	return p.store.Put(args[1], i)
}

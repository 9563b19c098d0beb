// Package driver is what the engines share. Each has a folder beside this one,
// with a [Driver], and a row in the table of package engines.
package driver

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/vessux/openlock/internal/hostbuild"
	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/internal/sanitize"
	"github.com/vessux/openlock/sandbox/engine"
)

// Driver is a row of the table of engines.
type Driver struct {
	Name string // of the engine and of its program
	// Open returns the engine. It asks it nothing.
	Open func(program process.Program) engine.Engine
}

// Defaults of the limits on engines. A pull or build that takes longer hangs.
const (
	PullTimeout  = limit.Pull
	BuildTimeout = limit.Build
)

// HostPlatform is the platform of the images that this machine runs.
func HostPlatform() string { return "linux/" + runtime.GOARCH }

// Store joins the parts of a store's key. An address that names another machine
// names the store for every client. Any other store is on this machine, and
// other machines may share the directories of its locks and records.
func Store(name, address string, settings ...string) string {
	key := []string{name, address}
	if !elsewhere(address) {
		machine, _ := os.Hostname()
		key = append(key, machine)
	}
	return strings.Join(append(key, settings...), "\x00")
}

// elsewhere reports whether an address names another machine.
func elsewhere(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Hostname() == "localhost" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return !ip.IsLoopback()
}

// SaysMissing tells whether what an engine says is that it has no such image.
func SaysMissing(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "image not known") || strings.Contains(text, "no such image") || strings.Contains(text, "no such object")
}

// Platform joins what an engine tells of a platform.
func Platform(os, arch, variant string) string {
	p := os + "/" + arch
	if variant != "" {
		p += "/" + variant
	}
	if n, err := platform.Normalize(p); err == nil {
		return n
	}
	return sanitize.Line(p)
}

// Build is a request as a build that podman and docker both understand.
func Build(e engine.Engine, b engine.BuildRequest) hostbuild.Build {
	return hostbuild.Build{
		Containerfile: b.Containerfile, Platform: b.Platform, Labels: b.Labels, NoCache: b.NoCache, Name: b.Name,
		Limit: cmp.Or(b.Timeout, BuildTimeout),
		ID: func(ctx context.Context, ref string) (string, error) {
			image, err := e.Inspect(ctx, ref)
			if err != nil {
				return "", err
			}
			return image.ID, nil
		},
	}
}

// Package release builds what a release of the programs consists of, and
// hands it to GitHub.
package release

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

// Targets are what the programs are released for, os/arch.
var Targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// program is one of those that a release consists of.
type program struct {
	name   string
	module string // directory, from the root of the repository
	pkg    string // from there
	pulls  bool   // it is linked with the digest that it pulls
}

var programs = []program{
	{"openlock", ".", "./tools/openlock", true},
	{signature.ProgramName, lab.VerifyModule, "./" + signature.ProgramName, false},
}

// Sums is the name of the file with the checksums, as sha256sum writes them.
const Sums = "SHA256SUMS"

// Binaries builds the programs for every target into dir, with a file of
// checksums. The same commit and Go make the same bytes, on every machine and
// in every directory. Dir is made, and must not hold anything yet. Digest is
// that of the base image's published index, sha256:…, which openlock then
// pulls and no other; empty: whatever the tag names.
func Binaries(ctx context.Context, dir, digest string, targets []string, out io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return fmt.Errorf("%s is not empty: remove it first, so that nothing old is released", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var sums strings.Builder
	for _, target := range targets {
		for _, p := range programs {
			file := p.fileName(target)
			if err := p.build(ctx, target, digest, filepath.Join(dir, file)); err != nil {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				return err
			}
			line := fmt.Sprintf("%x  %s\n", sha256.Sum256(b), file)
			sums.WriteString(line)
			fmt.Fprint(out, line)
		}
	}
	return os.WriteFile(filepath.Join(dir, Sums), []byte(sums.String()), 0o644)
}

func (p program) fileName(target string) string {
	name := p.name + "-" + strings.ReplaceAll(target, "/", "-")
	if strings.HasPrefix(target, "windows/") {
		name += ".exe"
	}
	return name
}

func (p program) build(ctx context.Context, target, digest, path string) error {
	goos, arch, _ := strings.Cut(target, "/")
	b := lab.GoBuild{Module: p.module, Package: p.pkg, LDFlags: "-buildid="}
	if p.pulls && digest != "" {
		b.LDFlags += " -X github.com/vessux/openlock/sandbox/base.digest=" + digest
	}
	// Whatever a machine sets in these would be in the bytes.
	b.Env = []string{"GOOS=" + goos, "GOARCH=" + arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT="}
	if err := b.Run(ctx, path); err != nil {
		return fmt.Errorf("build of %s for %s: %w", p.name, target, err)
	}
	return nil
}

// PublishedDigest asks the registry once for the base image's index, and
// returns its digest where it is complete; else nothing, and why. It never
// waits for an image that is not there yet. With a verifier, which may be nil,
// the image has to be what that accepts: what a release pulls for good is not
// whatever somebody has published.
func PublishedDigest(ctx context.Context, b sandbox.Base, o registry.Options, v sandbox.Verifier) (digest, why string, err error) {
	res, err := sandbox.Exists(ctx, b, nil, o)
	switch {
	case err != nil:
		return "", "", err
	case res.State != registry.StateComplete:
		return "", fmt.Sprintf("%s: %s", res.State, res.Reason), nil
	}
	if v == nil {
		return res.Digest, "", nil
	}
	ref, err := b.Ref()
	if err != nil {
		return "", "", err
	}
	for _, platform := range sandbox.Platforms() {
		if err := v.Verify(ctx, signature.Subject{Ref: ref, Digest: res.Digest, Identity: b.Identity(), Platform: platform}); err != nil {
			return "", "", err
		}
	}
	return res.Digest, "", nil
}

// GitHub makes the release of a tag with the files of dir, by the program gh,
// where [CheckTag] finds no fault with the tag.
// Of a release that is there the files are replaced. A version with a suffix,
// such as -rc.1, -beta or -alpha, is a pre-release.
func GitHub(ctx context.Context, tag, dir string, out io.Writer) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	if err := CheckTag(ctx, root, tag); err != nil {
		return err
	}
	args := createArgs(tag)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	if want := len(Targets)*len(programs) + 1; len(files) != want {
		return fmt.Errorf("%s holds %d files, and a release has %d: run release:binaries first", dir, len(files), want)
	}
	gh, err := exec.LookPath("gh")
	if err != nil {
		return fmt.Errorf("the program gh is missing: %w", err)
	}
	if exec.CommandContext(ctx, gh, "release", "view", tag).Run() == nil {
		args = []string{"release", "upload", tag, "--clobber"}
	}
	cmd := exec.CommandContext(ctx, gh, append(args, files...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("gh release: %w", err)
	}
	return nil
}

func createArgs(tag string) []string {
	args := []string{"release", "create", tag, "--verify-tag", "--generate-notes", "--title", tag}
	if strings.Contains(tag, "-") {
		args = append(args, "--prerelease")
	}
	return args
}

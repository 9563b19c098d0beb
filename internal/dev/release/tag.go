package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"

	"github.com/vessux/openlock/internal/lab"
)

// rootModule is the path of the module that both programs are made from;
// openlock-verify's own requires it.
const rootModule = "github.com/vessux/openlock"

// moduleTag is the tag of openlock-verify's module, in Go's form for a module
// below the root of a repository.
func moduleTag(version string) string { return lab.VerifyModule + "/" + version }

// checkVersion returns an error unless version is one that a release can have:
// vMAJOR.MINOR.PATCH, with a suffix such as -rc.1 for a pre-release.
func checkVersion(version string) error {
	if semver.Canonical(version) != version || module.CheckPathMajor(version, "") != nil {
		return fmt.Errorf("%q is not a release's version: want v0.MINOR.PATCH or v1.MINOR.PATCH, with or without a suffix such as -rc.1", version)
	}
	return nil
}

// Tag tags the commit that is checked out at root as a release of both
// modules. With push it pushes the tags to origin, both or none; without, it
// prints the command that does.
//
// In a checkout, openlock-verify's module replaces the root module by the
// directory above, which `go install …@version` refuses. So the tags are on a
// commit of their own, a child of the one that is checked out, in which that
// module requires the root module at this version, with its checksums. Both
// tags are on it: the root module holds no file of the other. No branch moves.
func Tag(ctx context.Context, root, version string, push bool, out io.Writer) error {
	r := repository{ctx, root}
	if err := r.checkNew(version); err != nil {
		return err
	}
	commit, err := r.commitWithoutReplace(version)
	if err != nil {
		return err
	}
	tags := []string{version, moduleTag(version)}
	for _, tag := range tags {
		if _, err := r.git("tag", "--annotate", "--message", "openlock "+version, tag, commit); err != nil {
			return err
		}
	}
	names := strings.Join(tags, " ")
	if !push {
		_, err = fmt.Fprintf(out, "tagged %s; push both tags at once:\n  git push --atomic origin %s\n", commit, names)
		return err
	}
	if _, err := r.git(append([]string{"push", "--atomic", "origin"}, tags...)...); err != nil {
		return fmt.Errorf("%w\nthe tags exist in this checkout: push again with `git push --atomic origin %s`, or remove them with `git tag --delete %[2]s`", err, names)
	}
	_, err = fmt.Fprintf(out, "tagged %s, pushed %s\n", commit, names)
	return err
}

// CheckTag returns an error unless the tags of version are as [Tag] makes them:
// both on the commit that is checked out, which has no replace.
func CheckTag(ctx context.Context, root, version string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	r := repository{ctx, root}
	head, err := r.git("rev-parse", "--verify", "HEAD")
	if err != nil {
		return err
	}
	for _, tag := range []string{version, moduleTag(version)} {
		if commit, err := r.git("rev-parse", "--verify", "--quiet", "refs/tags/"+tag+"^{commit}"); err != nil || commit != head {
			return fmt.Errorf("tag %s is not on the commit that is checked out: make both tags with release:tag", tag)
		}
	}
	mod, err := r.verifyMod()
	if err != nil {
		return err
	}
	if len(mod.Replace) > 0 {
		return fmt.Errorf("%s/go.mod has a replace, which go install refuses: make the tags with release:tag", lab.VerifyModule)
	}
	return nil
}

// repository is a checkout of openlock.
type repository struct {
	ctx context.Context
	dir string
}

// git runs a command of git, and returns what it prints, without the last line
// end.
func (r repository) git(args ...string) (string, error) { return r.gitIn(nil, nil, args...) }

// gitIn runs git with more in its environment, and with input.
func (r repository) gitIn(env []string, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(r.ctx, "git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	said, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSuffix(string(said), "\n"), nil
}

// checkNew returns an error unless the checkout can become that version.
func (r repository) checkNew(version string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	changed, err := r.git("status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return errors.New("the checkout has changes that are not committed: commit or remove them first")
	}
	existing, err := r.git("tag", "--list", version, moduleTag(version))
	if err != nil {
		return err
	}
	if existing != "" {
		return fmt.Errorf("tag %s exists: choose a new version", strings.Fields(existing)[0])
	}
	earlier, err := r.git("tag", "--list", "v*")
	if err != nil {
		return err
	}
	for _, tag := range strings.Fields(earlier) {
		if semver.Compare(version, tag) < 0 {
			return fmt.Errorf("%s is not newer than %s: choose a new version", version, tag)
		}
	}
	return nil
}

// commitWithoutReplace makes the commit that is tagged, and returns its name.
// The working tree, its index and its branch stay as they are.
func (r repository) commitWithoutReplace(version string) (string, error) {
	files, err := r.released(version)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "openlock-release-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if _, err := r.gitIn(index, nil, "read-tree", "HEAD"); err != nil {
		return "", err
	}
	for name, content := range files {
		blob, err := r.gitIn(nil, content, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		if _, err := r.gitIn(index, nil, "update-index", "--cacheinfo", "100644,"+blob+","+name); err != nil {
			return "", err
		}
	}
	tree, err := r.gitIn(index, nil, "write-tree")
	if err != nil {
		return "", err
	}
	return r.git("commit-tree", tree, "-p", "HEAD", "-m", "Release "+version)
}

// released returns the files that the tagged commit changes, by their path.
func (r repository) released(version string) (map[string][]byte, error) {
	mod, err := r.verifyMod()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(mod.DropReplace(rootModule, ""), mod.AddRequire(rootModule, version)); err != nil {
		return nil, err
	}
	mod.Cleanup()
	if len(mod.Replace) > 0 {
		return nil, fmt.Errorf("%s/go.mod replaces %s: go install refuses that", lab.VerifyModule, mod.Replace[0].Old.Path)
	}
	text, err := mod.Format()
	if err != nil {
		return nil, err
	}
	sums, err := r.sums(version)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{path.Join(lab.VerifyModule, "go.mod"): text, path.Join(lab.VerifyModule, "go.sum"): sums}, nil
}

// verifyMod reads go.mod of openlock-verify's module.
func (r repository) verifyMod() (*modfile.File, error) {
	name := filepath.Join(r.dir, filepath.FromSlash(lab.VerifyModule), "go.mod")
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(name, b, nil)
}

// sums returns go.sum of openlock-verify's module with the checksums of the
// root module at a version, in the order of paths that the go command keeps.
func (r repository) sums(version string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(lab.VerifyModule), "go.sum"))
	if err != nil {
		return nil, err
	}
	all, err := r.sumModule(version)
	if err != nil {
		return nil, err
	}
	ofModule, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(filepath.Join(r.dir, "go.mod")) })
	if err != nil {
		return nil, err
	}
	lines := append(strings.SplitAfter(strings.TrimSuffix(string(b), "\n")+"\n", "\n"),
		fmt.Sprintf("%s %s %s\n", rootModule, version, all), fmt.Sprintf("%s %s/go.mod %s\n", rootModule, version, ofModule))
	slices.SortStableFunc(lines, func(a, b string) int {
		return strings.Compare(strings.SplitN(a, " ", 2)[0], strings.SplitN(b, " ", 2)[0])
	})
	return []byte(strings.Join(lines, "")), nil
}

// sumModule returns the checksum of the root module's files. Those of the
// other module are not among them, so it is that of the tagged commit too.
func (r repository) sumModule(version string) (string, error) {
	f, err := os.CreateTemp("", "openlock-release-")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	err = zip.CreateFromVCS(f, module.Version{Path: rootModule, Version: version}, r.dir, "HEAD", "")
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return dirhash.HashZip(f.Name(), dirhash.Hash1)
}

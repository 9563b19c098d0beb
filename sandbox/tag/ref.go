package tag

import (
	"errors"
	"fmt"
	"strings"
)

// maxRepository is the longest repository, host included, that registries
// take (OCI Distribution Specification 1.1, "Pulling manifests").
const maxRepository = 255

// Ref names a base image: a repository and the tag of a Containerfile.
type Ref struct {
	Repository string // registry host and path, such as "ghcr.io/vessux/openlock-base"
	Tag        string // [Length] lower-case hex digits
}

// String returns the ref as engines and registries take it, repository:tag.
func (r Ref) String() string { return r.Repository + ":" + r.Tag }

// New returns the ref of a Containerfile's bytes in a repository. The error
// is that of [CheckRepository].
func New(repository string, containerfile []byte) (Ref, error) {
	if err := CheckRepository(repository); err != nil {
		return Ref{}, err
	}
	return Ref{Repository: repository, Tag: Of(containerfile)}, nil
}

// Parse reads a ref of the form repository:tag as [Ref.String] writes it.
// Anything else is an error that says which part is wrong: a repository that
// [CheckRepository] refuses, a missing tag, a digest, or a tag that is not
// [Length] lower-case hex digits.
func Parse(s string) (Ref, error) {
	if strings.Contains(s, "@") {
		return Ref{}, fmt.Errorf("ref %q has a digest: want repository:tag", s)
	}
	slash, colon := strings.LastIndex(s, "/"), strings.LastIndex(s, ":")
	if colon < slash || colon < 0 {
		return Ref{}, fmt.Errorf("ref %q has no tag: want repository:tag", s)
	}
	r := Ref{Repository: s[:colon], Tag: s[colon+1:]}
	if err := CheckRepository(r.Repository); err != nil {
		return Ref{}, err
	}
	if len(r.Tag) != Length || strings.Trim(r.Tag, "0123456789abcdef") != "" {
		return Ref{}, fmt.Errorf("ref %q: tag %q is not %d lower-case hex digits", s, r.Tag, Length)
	}
	return r, nil
}

// CheckRepository reports why a repository cannot hold base images. A
// repository is host[:port]/path in lower case, by the grammar of the OCI
// Distribution Specification 1.1, without a tag or digest. The host is
// required: engines complete a name without one each in their own way, and
// two machines would then look in two places. The host has a dot or a port,
// or is "localhost"; an address is in its shortest form. On Docker Hub the path
// has two components at least.
func CheckRepository(repository string) error {
	if err := checkRepository(repository); err != nil {
		return fmt.Errorf("repository %q: %w", repository, err)
	}
	return nil
}

func checkRepository(repository string) error {
	switch {
	case repository == "":
		return errors.New("is empty; want host/path, such as ghcr.io/vessux/openlock-base")
	case len(repository) > maxRepository:
		return fmt.Errorf("has %d characters, at most %d are allowed", len(repository), maxRepository)
	case strings.HasPrefix(repository, "-"):
		return errors.New("starts with a dash, so engines would read it as a flag")
	case strings.ContainsAny(repository, " \t\r\n"):
		return errors.New("has white space")
	case strings.Contains(repository, "://"):
		return errors.New("is a URL; want host/path without the scheme")
	case strings.Contains(repository, "@"):
		return errors.New("has a digest; the digest is found by the tool, leave it out")
	case strings.ToLower(repository) != repository:
		return errors.New("has upper-case letters; registries take lower case only")
	}
	host, path, found := strings.Cut(repository, "/")
	if !found || !isHostLike(host) {
		return errors.New("does not start with a registry host; say for example docker.io/" + hintPath(repository))
	}
	if i := strings.LastIndex(path, ":"); i >= 0 {
		return fmt.Errorf("has a tag (%q); the tag is computed from the Containerfile, leave it out", path[i+1:])
	}
	if err := checkHost(host); err != nil {
		return err
	}
	if err := checkDockerHub(host, path); err != nil {
		return err
	}
	for component := range strings.SplitSeq(path, "/") {
		if !isPathComponent(component) {
			return fmt.Errorf("path component %q is not lower-case letters and digits, joined by single '.', '_', '__' or dashes", component)
		}
	}
	return nil
}

// hintPath is the path a user most likely meant when the host is missing.
func hintPath(repository string) string {
	path, _, _ := strings.Cut(repository, ":")
	if strings.Contains(path, "/") {
		return path
	}
	return "library/" + path
}

func isHostLike(host string) bool {
	return host == "localhost" || strings.ContainsAny(host, ".:")
}

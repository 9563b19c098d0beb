// Package buildenv decides which environment a builder gets. The tag names the
// Containerfile, so the file alone must decide the image: a variable that would
// change what is built is removed or set, one that says where and with which
// rights it is built is kept.
//
// Of podman's containers.conf, nothing is changed: the env of its containers
// does not reach the steps of builds, and the format is given by a flag. Its
// volumes are there in steps, as a machine's own.
package buildenv

import "strings"

// rule is what becomes of a variable, or of all that begin with a prefix.
type rule struct {
	name  string // with a last * it is a prefix
	keep  bool
	value string // that it gets, where it is neither kept nor removed
	why   string
}

// rules are read from the top; the first that fits holds. What fits none is
// kept: it is about the machine, not about the image.
var rules = []rule{
	{name: "SOURCE_DATE_EPOCH", why: "buildx and podman 5.6 date the image by it; the file's ARG decides, which hosts leave to its default and publishing passes as a build argument"},
	{name: "BUILDX_NO_DEFAULT_ATTESTATIONS", value: "1", why: "provenance tells of the machine, and is other in every build"},
	{name: "BUILDX_BUILDER", keep: true, why: "which builder builds"},
	{name: "BUILDX_CONFIG", keep: true, why: "where the list of builders is"},
	{name: "BUILDX_*", why: "BUILDX_GIT_LABELS adds labels of the working directory's commit, BUILDX_DEFAULT_POLICY and BUILDX_EXPERIMENTAL change how the file is read, BUILDX_NO_DEFAULT_LOAD where the image goes"},
	{name: "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", why: "it puts other images in place of those that FROM names"},
	{name: "BUILDKIT_*", why: "BUILDKIT_PROGRESS and BUILDKIT_COLORS change the output that errors are read from; BUILDKIT_SYNTAX and the like would be build arguments"},
	{name: "DOCKER_BUILDKIT", value: "1", why: "the old builder of docker knows no platforms and no mounts"},
	{name: "DOCKER_DEFAULT_PLATFORM", why: "the platform is chosen by openlock"},
	{name: "BUILDAH_ISOLATION", keep: true, why: "where podman runs in a container, steps run by chroot only"},
	{name: "BUILDAH_RUNTIME", keep: true, why: "the program that runs steps"},
	{name: "BUILDAH_NOPIVOT", keep: true, why: "on a RAM disk, steps run without pivot_root only"},
	{name: "BUILDAH_*", why: "BUILDAH_FORMAT, BUILDAH_LAYERS, BUILDAH_HISTORY and BUILDAH_CPPFLAGS change the image"},
	{name: "PODMAN_USERNS", why: "user IDs in the image would be those of another mapping"},
	{name: "HTTP_PROXY", keep: true, why: proxies},
	{name: "HTTPS_PROXY", keep: true, why: proxies},
	{name: "FTP_PROXY", keep: true, why: proxies},
	{name: "NO_PROXY", keep: true, why: proxies},
	{name: "ALL_PROXY", keep: true, why: proxies},
}

// proxies is why the variables of proxies are kept.
const proxies = "FROM images, and what steps fetch, come through it; see namesProxy"

// Of returns the environment of a builder, made of a program's own.
func Of(environ []string) []string {
	var env []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if r := ruleFor(name); r == nil || r.keep {
			env = append(env, e)
		}
	}
	for _, r := range rules {
		if r.value != "" {
			env = append(env, r.name+"="+r.value)
		}
	}
	return env
}

// ruleFor returns the rule that fits a variable; nil: none does. Proxies have
// names in lower case too, and on Windows every variable has.
func ruleFor(name string) *rule {
	name = strings.ToUpper(name)
	for i, r := range rules {
		prefix, isPrefix := strings.CutSuffix(r.name, "*")
		if name == r.name || isPrefix && strings.HasPrefix(name, prefix) {
			return &rules[i]
		}
	}
	return nil
}

// Podman returns flags for podman's build of a Containerfile.
func Podman(containerfile []byte) []string {
	if namesProxy(containerfile) {
		return []string{"--http-proxy=false"}
	}
	return nil
}

// namesProxy reports whether a Containerfile names a variable of proxies by
// itself, as ARG HTTP_PROXY does. Builders hand these variables to steps
// without a declaration, and keep them out of the image and of its history.
// A declared one gets the machine's proxy in place of the file's default, and
// its way into the image is open. So the steps of such a file get none.
func namesProxy(containerfile []byte) bool {
	return strings.Contains(strings.ToUpper(string(containerfile)), "_PROXY")
}

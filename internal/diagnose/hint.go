package diagnose

import "strings"

// row is a failure that engines and builders meet often.
type row struct {
	name  string
	words []string // in lower case; any of them tells the failure
	hint  string
}

// rows are in order: the first that fits a line holds. The words are those of
// podman 4 and 5, Docker 20.10 to 29, buildx and BuildKit, and of the programs
// that steps run.
var rows = []row{
	{"disk full", []string{"no space left on device", "disk quota exceeded", "not enough free space"},
		"free some disk space: `podman system df` or `docker system df` shows what uses it"},
	{"no buildx", []string{"'buildx' is not a docker command", "unknown command: docker buildx", "buildx component is missing", "requires buildkit", "requires the buildx"},
		"install docker's buildx plugin (Debian: docker-buildx, Docker's packages: docker-buildx-plugin), or use podman with --runtime podman"},
	{"no emulation", []string{"exec format error", "exec container process (missing dynamic library?)", "no match for platform in manifest"},
		"that platform is emulated: install QEMU's user emulation (Debian, Ubuntu: qemu-user-static; else `docker run --privileged --rm tonistiigi/binfmt --install all`), or build on such a machine"},
	{"no context", []string{"failed to compute cache key", "failed to calculate checksum of ref", "copier: stat:", "no items matching glob", "copy failed: file not found in build context", "possible escaping context directory error"},
		"the build has no context: COPY and ADD take files by --from, of a stage or an image; `lint:containerfile` names the lines"},
	{"too many requests", []string{"toomanyrequests", "too many requests", "pull rate limit", "status code 429", "status: 429"},
		"a registry limits how much is pulled: wait, or sign in to it with `podman login` or `docker login`"},
	{"credential helper", []string{"error getting credentials", "docker-credential-", "credential helper"},
		"a credential helper that the engine's configuration names is missing or fails: install it, or remove credsStore and credHelpers from config.json"},
	{"no daemon", []string{"cannot connect to the docker daemon", "is the docker daemon running", "failed to connect to the docker api", "cannot connect to podman"},
		"start the engine: `systemctl start docker`, Docker Desktop, or `podman machine start`"},
	{"time-out", []string{"tls handshake timeout", "i/o timeout", "client.timeout", "context deadline exceeded", "connection timed out", "operation timed out"},
		"a registry, a proxy or a host that the build fetches from is slow or out of reach: try again, and check the network that the engine uses"},
	{"plain HTTP", []string{"server gave http response to https client"},
		"that registry speaks plain HTTP: allow it in registries.conf (insecure = true) or in docker's insecure-registries"},
	{"certificate", []string{"x509:", "certificate signed by unknown authority", "certificate verify failed", "tls: failed to verify", "tls: handshake failure", "ssl certificate problem"},
		"the certificate is not trusted: put the CA into certs.d/HOST of the engine (/etc/containers/certs.d, /etc/docker/certs.d)"},
	{"name", []string{"no such host", "temporary failure in name resolution", "temporary failure resolving", "could not resolve", "server misbehaving", "name or service not known"},
		"a name was not found (DNS): check the network of the engine; behind a proxy, give the engine HTTPS_PROXY"},
	{"refused", []string{"connection refused", "connection reset by peer", "network is unreachable", "no route to host"},
		"the address cannot be reached from the engine: check the network, and the proxy and mirrors in the engine's configuration"},
	{"proxy", []string{"proxy authentication required", "proxyconnect"},
		"the proxy refuses: check HTTPS_PROXY and its login"},
	{"login", []string{"unauthorized", "authentication required", "requested access to the resource is denied", "access denied", "no basic auth credentials", "403 forbidden", ": denied"},
		"sign in to that registry with `podman login` or `docker login`; where an old login is refused, sign out first"},
	{"user IDs", []string{"insufficient uids or gids", "newuidmap", "subuid"},
		"give the user more IDs in /etc/subuid and /etc/subgid, then run `podman system migrate`"},
	{"memory", []string{"cannot allocate memory", "out of memory", "exit code: 137", "oom-kill"},
		"give the machine, or the engine's virtual machine, more memory"},
	{"no image", []string{"manifest unknown", "name unknown", "repository does not exist", "not found: manifest", "failed to resolve source metadata"},
		"the registry does not have the image that FROM names: check its name and digest"},
	{"old engine", []string{"unknown flag", "unknown shorthand flag", "unknown instruction"},
		"use podman 4.3 or later, or Docker 20.10 or later with buildx"},
}

// lookBack is how many lines at the end may tell the failure.
const lookBack = 30

// Hint returns what to do about the failure that the end of a program's output
// tells; empty where it is not a common one. Of several, the last counts.
func Hint(output string) string {
	lines := strings.Split(output, "\n")
	for i := len(lines) - 1; i >= max(0, len(lines)-lookBack); i-- {
		line := strings.ToLower(lines[i])
		for _, r := range rows {
			for _, w := range r.words {
				if strings.Contains(line, w) {
					return r.hint
				}
			}
		}
	}
	return ""
}

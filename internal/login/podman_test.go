package login_test

import (
	"testing"

	"github.com/vessux/openlock/internal/login"
)

const (
	config    = "/home/u/.config/containers/auth.json"
	dockerCfg = "/home/u/.docker/config.json"
	oldCfg    = "/home/u/.dockercfg"
)

func TestPodmanPlaces(t *testing.T) {
	everywhere := map[string]string{}
	for _, path := range []string{
		"/chosen", "/d/config.json", "/run/x/containers/auth.json", "/run/containers/0/auth.json", "/run/containers/1000/auth.json",
		"/run/user/1000/containers/auth.json", "/tmp/storage-run-1000/containers/auth.json", "/tmp/podman-run-1000/containers/auth.json",
		"/xdg/containers/auth.json", config, dockerCfg,
	} {
		everywhere[path] = auths("a.test", path+":s")
	}
	everywhere[oldCfg] = entries("a.test", oldCfg+":s")
	user := func(path string) string { return path + ":s [a.test] " + path }
	rest := user(config) + "; " + user(dockerCfg) + "; " + user(oldCfg)
	run(t, []row{
		{name: "nothing anywhere", fake: fake{uid: 1000}},
		{name: "root", fake: fake{files: everywhere}, want: user("/run/containers/0/auth.json") + "; " + rest},
		{name: "root with a runtime directory", fake: fake{files: everywhere, env: map[string]string{"XDG_RUNTIME_DIR": "/run/x"}}, want: user("/run/x/containers/auth.json") + "; " + rest},
		{name: "rootless", fake: fake{uid: 1000, files: everywhere, env: map[string]string{"XDG_RUNTIME_DIR": "/run/x"}}, want: user("/run/x/containers/auth.json") + "; " + rest},
		{name: "rootless without XDG_RUNTIME_DIR", fake: fake{uid: 1000, files: everywhere, own: []string{"/run/user/1000", "/tmp/storage-run-1000"}}, want: user("/run/user/1000/containers/auth.json") + "; " + rest},
		{name: "rootless without any runtime directory", fake: fake{uid: 1000, files: everywhere, own: []string{"/tmp/storage-run-1000", "/tmp/podman-run-1000"}},
			want: user("/tmp/storage-run-1000/containers/auth.json") + "; " + user("/tmp/podman-run-1000/containers/auth.json") + "; " + rest},
		{name: "the same for an old podman", fake: fake{uid: 1000, files: everywhere, own: []string{"/tmp/storage-run-1000", "/tmp/podman-run-1000"}}, engine: login.OldPodman,
			want: user("/tmp/podman-run-1000/containers/auth.json") + "; " + rest},
		{name: "a directory of another in /tmp", fake: fake{uid: 1000, files: everywhere}, want: rest},
		{name: "XDG_CONFIG_HOME", fake: fake{files: everywhere, env: map[string]string{"XDG_CONFIG_HOME": "/xdg"}}, want: user("/run/containers/0/auth.json") + "; " + user("/xdg/containers/auth.json") + "; " + user(dockerCfg) + "; " + user(oldCfg)},
		{name: "REGISTRY_AUTH_FILE", fake: fake{files: everywhere, env: map[string]string{"REGISTRY_AUTH_FILE": "/chosen", "DOCKER_CONFIG": "/d"}}, want: user("/chosen")},
		{name: "DOCKER_CONFIG", fake: fake{files: everywhere, env: map[string]string{"DOCKER_CONFIG": "/d"}}, want: user("/d/config.json")},
		{name: "REGISTRY_AUTH_FILE that is missing", fake: fake{files: everywhere, env: map[string]string{"REGISTRY_AUTH_FILE": "/missing"}}},
		{name: "REGISTRY_AUTH_FILE of an old podman", fake: fake{files: everywhere, env: map[string]string{"REGISTRY_AUTH_FILE": "/chosen"}}, engine: login.OldPodman, want: user("/chosen") + "; " + rest},
		{name: "REGISTRY_AUTH_FILE that an old podman misses", fake: fake{files: everywhere, env: map[string]string{"REGISTRY_AUTH_FILE": "/missing"}}, engine: login.OldPodman, want: rest, warns: []string{"/missing is missing: podman before 4.4 pulls nothing"}},
		{name: "DOCKER_CONFIG of an old podman", fake: fake{files: everywhere, env: map[string]string{"DOCKER_CONFIG": "/d"}}, engine: login.OldPodman, want: user("/d/config.json") + "; " + user(config) + "; " + user(oldCfg)},
		{name: "macOS", fake: fake{goos: "darwin", uid: 501, files: everywhere, env: map[string]string{"XDG_RUNTIME_DIR": "/run/x", "XDG_CONFIG_HOME": "/xdg"}}, want: user(config) + "; " + user("/xdg/containers/auth.json") + "; " + user(dockerCfg) + "; " + user(oldCfg)},
		{name: "no home", fake: fake{noHome: true, files: everywhere, env: map[string]string{}}, want: user("/run/containers/0/auth.json")},
	})
}

func TestPodmanKeys(t *testing.T) {
	of := func(text string) fake { return fake{uid: 1000, files: map[string]string{config: text}} }
	run(t, []row{
		{name: "the most specific first", fake: of(auths("a.test", "h:s", "a.test/n/x", "r:s", "a.test/n", "n:s", "a.test/o", "o:s")),
			want: "r:s [a.test/n/x] " + config + "; n:s [a.test/n] " + config + "; h:s [a.test] " + config},
		{name: "no part of a name", fake: of(auths("a.test/n/x1", "u:s", "a.test/n/", "u:s", "a.tes", "u:s"))},
		{name: "addresses", fake: of(auths("https://a.test/v1/", "1:s", "http://a.test", "2:s", "a.test/v1/", "3:s")), want: "2:s [http://a.test] " + config + "; 1:s [https://a.test/v1/] " + config},
		{name: "the host before its addresses", fake: of(auths("https://a.test", "1:s", "a.test", "2:s")), want: "2:s [a.test] " + config + "; 1:s [https://a.test] " + config},
		{name: "a port", fake: of(auths("a.test", "1:s", "a.test:5000", "2:s")), repo: "a.test:5000/x", want: "2:s [a.test:5000] " + config},
		{name: "Docker Hub as docker stores it", fake: of(auths("https://index.docker.io/v1/", "1:s")), repo: "docker.io/library/x", want: "1:s [https://index.docker.io/v1/] " + config},
		{name: "Docker Hub as podman stores it", fake: of(auths("docker.io", "1:s", "docker.io/library", "2:s")), repo: "docker.io/library/x", want: "2:s [docker.io/library] " + config + "; 1:s [docker.io] " + config},
		{name: "the old format", fake: fake{files: map[string]string{oldCfg: entries("https://a.test/v1/", "1:s", "a.test/n", "2:s", "b.test", "3:s", "a.test", "4:s")}},
			want: "4:s [a.test] " + oldCfg + "; 2:s [a.test/n] " + oldCfg + "; 1:s [https://a.test/v1/] " + oldCfg},
		{name: "an identity token", fake: of(`{"auths":{"a.test":{"auth":"` + encode("u:") + `","identitytoken":"t"}}}`), want: "u: identity t [a.test] " + config},
		{name: "an identity token alone", fake: of(`{"auths":{"a.test":{"identitytoken":"t"}}}`)},
		{name: "user and password in the clear", fake: of(`{"auths":{"a.test":{"username":"u","password":"s"}}}`)},
		{name: "an empty entry hides its parents", fake: fake{files: map[string]string{config: `{"auths":{"a.test/n":{},"a.test":{"auth":"` + encode("1:s") + `"}}}`, dockerCfg: auths("a.test", "2:s")}}, want: "2:s [a.test] " + dockerCfg},
		{name: "so does one without user and password", fake: fake{files: map[string]string{config: auths("a.test/n", ":", "a.test", "1:s"), dockerCfg: auths("a.test", "2:s")}}, want: "2:s [a.test] " + dockerCfg},
		{name: "colons in a password", fake: of(auths("a.test", "u:s:t")), want: "u:s:t [a.test] " + config},
		{name: "a zero byte at the end", fake: of(auths("a.test", "u:s\x00")), want: "u:s [a.test] " + config},
		{name: "the same login twice", fake: fake{files: map[string]string{config: auths("a.test", "u:s"), dockerCfg: auths("a.test", "u:s")}}, want: "u:s [a.test] " + config},
		{name: "no base64", fake: of(`{"auths":{"a.test":{"auth":"%secret%"}}}`), warns: []string{"login for a.test in " + config + " is not usable"}},
		{name: "no colon", fake: of(auths("a.test", "secret")), warns: []string{"login for a.test in " + config + " is not usable"}},
		{name: "no JSON", fake: fake{files: map[string]string{config: `{"auths":"secret"`, dockerCfg: auths("a.test", "2:s")}}, want: "2:s [a.test] " + dockerCfg, warns: []string{"logins in " + config + " are not usable: it is not JSON"}},
		{name: "an empty file", fake: of(""), warns: []string{config}},
		{name: "more than JSON", fake: of(auths("a.test", "1:s") + "x"), warns: []string{config}},
		{name: "a file that cannot be read", fake: of("error: is not a regular file\x1b[2J"), warns: []string{"logins in " + config + " are not usable: is not a regular file"}},
		{name: "an empty login", fake: of(auths("a.test", ":"))},
	})
}

func TestPodmanHelpers(t *testing.T) {
	const answer = `{"ServerURL":"a.test","Username":"h","Secret":"s"}`
	pass := map[string]string{"docker-credential-pass": "", "docker-credential-pass a.test": answer}
	with := func(text string, helpers map[string]string) fake {
		return fake{uid: 1000, files: map[string]string{config: text, dockerCfg: auths("a.test", "d:s")}, helpers: helpers}
	}
	const docker = "d:s [a.test] " + dockerCfg
	const named = `{"credHelpers":{"a.test":"pass"},"auths":{"a.test":{"auth":"dTpz"}}}`
	run(t, []row{
		{name: "of the host, instead of the file's logins", fake: with(named, pass), want: "h:s [a.test] helper pass of " + config + "; " + docker},
		{name: "of another host", fake: with(`{"credHelpers":{"b.test":"pass"}}`, pass), want: docker},
		{name: "without a login", fake: with(named, map[string]string{"docker-credential-pass": ""}), want: docker},
		{name: "with a token", fake: with(named, map[string]string{"docker-credential-pass a.test": `{"Username":"<token>","Secret":"t"}`}), want: "identity t [a.test] helper pass of " + config + "; " + docker},
		{name: "missing", fake: with(named, nil), want: docker, warns: []string{"credential helper pass of " + config + " gives no login for a.test: docker-credential-pass is not in PATH"}},
		{name: "failing", fake: with(named, map[string]string{"docker-credential-pass a.test": "error: secret"}), want: docker, warns: []string{"gives no login for a.test: exit status 1"}},
		{name: "no JSON", fake: with(named, map[string]string{"docker-credential-pass a.test": "secret"}), want: docker, warns: []string{"its answer is not JSON"}},
		{name: "a path", fake: with(`{"credHelpers":{"a.test":"../pass"}}`, pass), want: docker, warns: []string{"its name is a path"}},
		{name: "docker's credsStore is docker's alone", fake: with(`{"credsStore":"pass"}`, pass), want: docker},
		{name: "of registries.conf, instead of all files", fake: with(auths("a.test", "1:s"), pass), helpers: []string{"pass"}, want: "h:s [a.test] helper pass of registries.conf"},
		{name: "of registries.conf, then files", fake: with(auths("a.test", "1:s"), pass), helpers: []string{"pass", "containers-auth.json"}, want: "h:s [a.test] helper pass of registries.conf; 1:s [a.test] " + config + "; " + docker},
		{name: "of registries.conf, missing", fake: with(auths("a.test", "1:s"), nil), helpers: []string{"containers-auth.json", "pass"}, want: "1:s [a.test] " + config + "; " + docker, warns: []string{"helper pass of registries.conf"}},
		{name: "Docker Hub", fake: with("{}", map[string]string{"docker-credential-pass docker.io": answer}), repo: "docker.io/library/x", helpers: []string{"pass"}, want: "h:s [docker.io] helper pass of registries.conf"},
	})
}

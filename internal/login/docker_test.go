package login_test

import (
	"testing"

	"github.com/vessux/openlock/internal/login"
)

func TestDocker(t *testing.T) {
	const answer = `{"ServerURL":"a.test","Username":"h","Secret":"s"}`
	of := func(text string) fake { return fake{uid: 1000, files: map[string]string{dockerCfg: text}} }
	with := func(f fake, helpers map[string]string) fake { f.helpers = helpers; return f }
	variable := func(f fake, text string) fake {
		f.env = map[string]string{"DOCKER_AUTH_CONFIG": text}
		return f
	}
	pass := map[string]string{"docker-credential-pass": "", "docker-credential-pass a.test": answer}
	const file = "1:s [a.test] " + dockerCfg
	const helper = "h:s [a.test] helper pass of " + dockerCfg
	rows := []row{
		{name: "nothing anywhere", fake: fake{}},
		{name: "its file", fake: of(auths("a.test", "1:s")), want: file},
		{name: "DOCKER_CONFIG", fake: fake{files: map[string]string{dockerCfg: auths("a.test", "1:s"), "/d/config.json": auths("a.test", "2:s")}, env: map[string]string{"DOCKER_CONFIG": "/d"}}, want: "2:s [a.test] /d/config.json"},
		{name: "no file of podman, and none of 2014", fake: fake{files: map[string]string{config: auths("a.test", "1:s"), oldCfg: entries("a.test", "1:s")}, env: map[string]string{"REGISTRY_AUTH_FILE": config}}},
		{name: "no home", fake: fake{noHome: true, files: map[string]string{dockerCfg: auths("a.test", "1:s"), ".docker/config.json": auths("a.test", "1:s")}}},
		{name: "a part of a registry is an address of it", fake: of(auths("a.test/o", "1:s")), want: "1:s [a.test/o] " + dockerCfg},
		{name: "addresses", fake: of(auths("https://a.test/v1/", "1:s", "http://a.test", "2:s", "a.test/v1/", "3:s", "https://b.test", "4:s")), want: "3:s [a.test/v1/] " + dockerCfg + "; 2:s [http://a.test] " + dockerCfg + "; 1:s [https://a.test/v1/] " + dockerCfg},
		{name: "the host before its addresses", fake: of(auths("https://a.test", "1:s", "a.test", "2:s")), want: "2:s [a.test] " + dockerCfg + "; 1:s [https://a.test] " + dockerCfg},
		{name: "a port", fake: of(auths("a.test", "1:s", "https://a.test:5000/v2/", "2:s")), repo: "a.test:5000/x", want: "2:s [https://a.test:5000/v2/] " + dockerCfg},
		{name: "Docker Hub", fake: of(auths("docker.io", "1:s", "index.docker.io", "2:s", "https://index.docker.io/v1/", "3:s")), repo: "docker.io/library/x", want: "3:s [https://index.docker.io/v1/] " + dockerCfg},
		{name: "user and password in the clear", fake: of(`{"auths":{"a.test":{"username":"u","password":"s"}}}`), want: "u:s [a.test] " + dockerCfg},
		{name: "tokens", fake: of(`{"auths":{"a.test":{"identitytoken":"t","registrytoken":"r"}}}`), want: "identity t registry r [a.test] " + dockerCfg},
		{name: "no base64", fake: of(`{"auths":{"a.test":{"auth":"%secret%"}}}`), warns: []string{"login for a.test in " + dockerCfg}},
		{name: "an empty file", fake: of("")},
		{name: "no JSON", fake: of(`{"auths":"secret"}`), warns: []string{"logins in " + dockerCfg + " are not usable: it is not JSON of podman or docker"}},
		{name: "a file that cannot be read", fake: of("error: is larger than 1 MiB"), warns: []string{"logins in " + dockerCfg + " are not usable: is larger than 1 MiB"}},

		{name: "credHelpers", fake: with(of(`{"credHelpers":{"a.test":"pass"},"credsStore":"other"}`), pass), want: helper},
		{name: "credsStore", fake: with(of(`{"credsStore":"pass"}`), pass), want: helper},
		{name: "credsStore without a login hides the file's", fake: with(of(`{"credsStore":"pass","auths":{"a.test":{"auth":"`+encode("1:s")+`"}}}`), map[string]string{"docker-credential-pass": ""})},
		{name: "a missing helper does not", fake: of(`{"credsStore":"pass","auths":{"a.test":{"auth":"` + encode("1:s") + `"}}}`), want: file, warns: []string{"credential helper pass of " + dockerCfg + " gives no login for a.test: docker-credential-pass is not in PATH"}},
		{name: "Docker Hub of a helper", fake: with(of(`{"credHelpers":{"https://index.docker.io/v1/":"pass"}}`), map[string]string{"docker-credential-pass https://index.docker.io/v1/": answer}), repo: "docker.io/library/x", want: "h:s [https://index.docker.io/v1/] helper pass of " + dockerCfg},
		{name: "the default helper", fake: with(of(""), map[string]string{"docker-credential-secretservice": "", "docker-credential-secretservice a.test": answer}), want: "h:s [a.test] helper secretservice of docker's defaults"},
		{name: "the default helper where pass is installed", fake: with(fake{}, map[string]string{"pass": "", "docker-credential-pass": "", "docker-credential-pass a.test": answer, "docker-credential-secretservice": ""}), want: "h:s [a.test] helper pass of docker's defaults"},
		{name: "no default helper beside logins", fake: with(of(auths("b.test", "1:s")), map[string]string{"docker-credential-secretservice": "", "docker-credential-secretservice a.test": answer})},
		{name: "the default helper of macOS", fake: with(fake{goos: "darwin"}, map[string]string{"docker-credential-osxkeychain": "", "docker-credential-osxkeychain a.test": answer}), want: "h:s [a.test] helper osxkeychain of docker's defaults"},
		{name: "the default helper of Windows", fake: with(fake{goos: "windows"}, map[string]string{"docker-credential-wincred": "", "docker-credential-wincred a.test": answer}), want: "h:s [a.test] helper wincred of docker's defaults"},

		{name: "DOCKER_AUTH_CONFIG first", fake: variable(of(auths("a.test", "1:s")), auths("a.test", "v:s")), want: "v:s [a.test] DOCKER_AUTH_CONFIG; " + file},
		{name: "DOCKER_AUTH_CONFIG, another host", fake: variable(of(auths("a.test", "1:s")), auths("b.test", "v:s")), want: file},
		{name: "DOCKER_AUTH_CONFIG takes no addresses", fake: variable(of(auths("a.test", "1:s")), auths("https://a.test", "v:s")), want: file},
		{name: "DOCKER_AUTH_CONFIG with more than logins", fake: variable(of(auths("a.test", "1:s")), `{"auths":{"a.test":{"auth":"dTpz","email":"secret"}}}`), want: file, warns: []string{"DOCKER_AUTH_CONFIG are not usable"}},
		{name: "two objects in DOCKER_AUTH_CONFIG", fake: variable(of(auths("a.test", "1:s")), auths("a.test", "v:s")+"{}"), want: file, warns: []string{"DOCKER_AUTH_CONFIG are not usable"}},
		{name: "no user in DOCKER_AUTH_CONFIG", fake: variable(of(auths("a.test", "1:s")), auths("a.test", ":s")), want: file, warns: []string{"DOCKER_AUTH_CONFIG are not usable: that for a.test"}},
		{name: "one bad login in DOCKER_AUTH_CONFIG", fake: variable(of(auths("a.test", "1:s")), `{"auths":{"a.test":{"auth":"dTpz"},"b.test":{"auth":"secret"}}}`), want: file, warns: []string{"DOCKER_AUTH_CONFIG are not usable: that for b.test"}},
	}
	for i := range rows {
		rows[i].engine = login.Docker
	}
	run(t, append(rows, row{name: "DOCKER_AUTH_CONFIG is new", fake: variable(of(auths("a.test", "1:s")), auths("a.test", "v:s")), engine: login.OldDocker, want: file}))
}

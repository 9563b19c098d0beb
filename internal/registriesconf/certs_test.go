package registriesconf_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/registriesconf"
)

// pair returns a certificate and its key, as PEM.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return encode("CERTIFICATE", signed), encode("PRIVATE KEY", der)
}

func TestCertificates(t *testing.T) {
	cert, key := pair(t)
	_, otherKey := pair(t)
	const (
		inHome   = "home/.config/containers/certs.d/a.test:5000/"
		inEtc    = "etc/containers/certs.d/a.test:5000/"
		inDocker = "etc/docker/certs.d/a.test:5000/"
		rootless = "home/.config/docker/certs.d/a.test:5000/"
	)
	podman := func(m registriesconf.Machine) (registriesconf.Certificates, error) {
		return m.PodmanCertificates("a.test:5000")
	}
	docker := func(m registriesconf.Machine) (registriesconf.Certificates, error) {
		return m.DockerCertificates("a.test:5000", false)
	}
	rootlessDocker := func(m registriesconf.Machine) (registriesconf.Certificates, error) {
		return m.DockerCertificates("a.test:5000", true)
	}
	for _, c := range []struct {
		name    string
		files   map[string]string
		env     []string
		load    func(registriesconf.Machine) (registriesconf.Certificates, error)
		dir, ca string
		clients int
		err     string
	}{
		{name: "podman: none", load: podman},
		{name: "podman: another port", files: map[string]string{"etc/containers/certs.d/a.test/ca.crt": cert}, load: podman},
		{name: "podman: the home first, and alone", files: map[string]string{inHome + "x.txt": "", inEtc + "ca.crt": cert}, load: podman, dir: inHome},
		{name: "podman: then its own", files: map[string]string{inEtc + "ca.crt": "1", inDocker + "ca.crt": "2"}, load: podman, dir: inEtc, ca: "1"},
		{name: "podman: then docker's", files: map[string]string{inDocker + "ca.crt": "2"}, load: podman, dir: inDocker, ca: "2"},
		{name: "podman: not a rootless docker's", files: map[string]string{rootless + "ca.crt": "2"}, load: podman},
		{name: "several authorities", files: map[string]string{inEtc + "b.crt": "2", inEtc + "a.crt": "1", inEtc + "ca.pem": "3"}, load: podman, dir: inEtc, ca: "1 2"},
		{name: "a client's", files: map[string]string{inEtc + "c.cert": cert, inEtc + "c.key": key}, load: podman, dir: inEtc, clients: 1},
		{name: "a certificate without key", files: map[string]string{inEtc + "c.cert": cert}, load: podman, err: inEtc + "c.cert: its key c.key is missing"},
		{name: "a key without certificate", files: map[string]string{inEtc + "c.key": key}, load: podman, err: inEtc + "c.key: its certificate c.cert is missing"},
		{name: "the key of another", files: map[string]string{inEtc + "c.cert": cert, inEtc + "c.key": otherKey}, load: podman, err: inEtc + "c.cert: tls: "},
		{name: "no PEM", files: map[string]string{inEtc + "c.cert": "x", inEtc + "c.key": key}, load: podman, err: inEtc + "c.cert: tls: "},
		{name: "a directory in place of a file", files: map[string]string{inEtc + "ca.crt/x": ""}, load: podman, err: inEtc + "ca.crt: is a directory"},
		{name: "a directory in place of a key", files: map[string]string{inEtc + "c.cert": cert, inEtc + "c.key/x": ""}, load: podman, err: inEtc + "c.key: is a directory"},
		{name: "a file in place of the directory", files: map[string]string{strings.TrimSuffix(inEtc, "/"): ""}, load: podman, err: strings.TrimSuffix(inEtc, "/")},
		{name: "a file in place of certs.d", files: map[string]string{"etc/containers/certs.d": ""}, load: podman, err: strings.TrimSuffix(inEtc, "/")},
		{name: "docker: none", files: map[string]string{inEtc + "ca.crt": "1", inHome + "ca.crt": "1", rootless + "ca.crt": "1"}, load: docker},
		{name: "docker: its own", files: map[string]string{inDocker + "ca.crt": "2"}, load: docker, dir: inDocker, ca: "2"},
		{name: "docker: a certificate without key", files: map[string]string{inDocker + "c.cert": cert}, load: docker, err: inDocker + "c.cert: its key c.key is missing"},
		{name: "rootless docker: the user's", files: map[string]string{inDocker + "ca.crt": "2", rootless + "ca.crt": "3"}, load: rootlessDocker, dir: rootless, ca: "3"},
		{name: "rootless docker: not the system's", files: map[string]string{inDocker + "ca.crt": "2"}, load: rootlessDocker},
		{name: "rootless docker: XDG_CONFIG_HOME", files: map[string]string{"x/docker/certs.d/a.test:5000/ca.crt": "4"}, env: []string{"XDG_CONFIG_HOME=$DIR/x"}, load: rootlessDocker, dir: "x/docker/certs.d/a.test:5000/", ca: "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, dir := machine(t, c.files, c.env...)
			got, err := c.load(m)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, filepath.FromSlash(c.err))) {
					t.Errorf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.dir != "" {
				c.dir = filepath.Join(dir, filepath.FromSlash(c.dir))
			}
			var all []string
			for _, b := range got.CA {
				all = append(all, string(b))
			}
			if ca := strings.Join(all, " "); got.Dir != c.dir || ca != c.ca || len(got.Client) != c.clients {
				t.Errorf("%s, authorities %q, %d clients; want %s, %q, %d", got.Dir, ca, len(got.Client), c.dir, c.ca, c.clients)
			}
		})
	}
}

func TestNoHomeReadsNothingBelowTheWorkingDirectory(t *testing.T) {
	m, dir := machine(t, map[string]string{user: to("u.test"), userDrop + "1.conf": to("v.test"),
		"home/.config/containers/certs.d/a.test/ca.crt": "1", "home/.config/docker/certs.d/a.test/ca.crt": "1"})
	t.Chdir(m.Home)
	m.Home, m.Root = "", dir
	config, err := m.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := show(config.Places("a.test/x", false)); got != "a.test/x" {
		t.Errorf("places %s", got)
	}
	podman, err1 := m.PodmanCertificates("a.test")
	docker, err2 := m.DockerCertificates("a.test", true)
	if podman.Dir != "" || docker.Dir != "" || err1 != nil || err2 != nil {
		t.Errorf("%v %v, %v %v", podman, docker, err1, err2)
	}
}

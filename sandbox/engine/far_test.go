//go:build linux

package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/tag"
)

// TestIgnoreLoginsOverTLS is [TestIgnoreLogins] for a docker daemon that only
// the docker program reaches, with keys from its own settings.
func TestIgnoreLoginsOverTLS(t *testing.T) {
	r, daemon := labtest.Registry(t), labtest.Docker(t)
	ref, err := tag.New(r.Host()+"/vessux/openlock-base", []byte("FROM scratch\n"))
	if err != nil {
		t.Fatal(err)
	}
	pinned := ref.Repository + "@" + labtest.Publish(t, ref, "bb57c7da220a").Children["linux/amd64"]
	elsewhere := newRealm(t, r)
	address, ca := overTLS(t, daemon)
	for name, setUp := range map[string]func(t *testing.T, dir string){
		"environment": func(t *testing.T, dir string) {
			store(t, ca, dir, "ca.pem")
			setenv(t, []string{"DOCKER_HOST=tcp://" + address, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="})
		},
		"context of a variable": func(t *testing.T, dir string) {
			newContext(t, daemon, dir, "host=tcp://"+address+",ca="+store(t, ca, t.TempDir(), "ca.pem"))
			setenv(t, []string{"DOCKER_HOST=", "DOCKER_CONTEXT=far"})
		},
		"context in use": func(t *testing.T, dir string) {
			newContext(t, daemon, dir, "host=tcp://"+address+",ca="+store(t, ca, t.TempDir(), "ca.pem"))
			setenv(t, []string{"DOCKER_HOST=", "DOCKER_CONTEXT="})
			store(t, strings.Replace(auths(r.Host()), "{", `{"currentContext":"far",`, 1), dir, "config.json")
		},
		"context that verifies nothing": func(t *testing.T, dir string) {
			newContext(t, daemon, dir, "host=tcp://"+address+",skip-tls-verify=true")
			setenv(t, []string{"DOCKER_HOST=", "DOCKER_CONTEXT=far"})
		},
		"context without keys": func(t *testing.T, dir string) {
			newContext(t, daemon, dir, "host="+daemon.Host)
			setenv(t, []string{"DOCKER_HOST=", "DOCKER_CONTEXT=far", "DOCKER_TLS_VERIFY=1"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			t.Setenv("DOCKER_CONFIG", dir)
			store(t, auths(r.Host()), dir, "config.json")
			setUp(t, dir)
			e := find(t, "docker", nil)
			for _, ignore := range []bool{false, true} {
				ctx := labtest.Context(t, time.Minute)
				if err := e.Pull(ctx, pinned, "linux/amd64", engine.PullOptions{IgnoreLogins: ignore}); err != nil {
					t.Fatal(err)
				}
				if _, err := e.Inspect(ctx, pinned); err != nil {
					t.Error(err)
				}
				if asked, got := elsewhere.asked(); !asked || len(got) == 0 != ignore {
					t.Errorf("IgnoreLogins %t: asked for a token: %t, with logins %q", ignore, asked, got)
				}
				if err := e.Remove(ctx, pinned); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func newContext(t *testing.T, daemon *lab.DockerDaemon, dir, endpoint string) {
	t.Helper()
	if _, err := daemon.Run(t.Context(), "--config", dir, "context", "create", "far", "--docker", endpoint); err != nil {
		t.Fatal(err)
	}
}

// overTLS passes what comes over TLS on to the daemon's socket. It returns the
// address, and the certificate that it shows.
func overTLS(t *testing.T, daemon *lab.DockerDaemon) (address, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	pass(t, l, daemon)
	return l.Addr().String(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// pass passes what comes to the listener on to the daemon's socket.
func pass(t *testing.T, l net.Listener, daemon *lab.DockerDaemon) {
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go forward(c, strings.TrimPrefix(daemon.Host, "unix://"))
		}
	}()
}

func forward(c net.Conn, socket string) {
	defer c.Close()
	d, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer d.Close()
	go func() {
		defer d.Close()
		_, _ = io.Copy(d, c)
	}()
	_, _ = io.Copy(c, d)
}

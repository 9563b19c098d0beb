package registriesconf_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/vessux/openlock/internal/registriesconf"
)

// unprivileged calls f without the rights of root, also where the
// test runs as root. The thread ends with it.
func unprivileged(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		syscall.Setfsuid(65534)
		f()
	}()
	<-done
}

// Podman passes over what it may not look into, and docker's daemon fails.
func TestCertificatesThatMayNotBeListed(t *testing.T) {
	for name, closed := range map[string]string{"the host's directory": "etc/docker/certs.d/a.test", "certs.d": "etc/docker/certs.d"} {
		t.Run(name, func(t *testing.T) {
			m, dir := machine(t, map[string]string{"etc/docker/certs.d/a.test/ca.crt": "1"})
			// What is above has to be open to every user.
			for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
				if err := os.Chmod(parent, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, open := range []string{"etc", "etc/docker", "etc/docker/certs.d", "etc/docker/certs.d/a.test"} {
				if err := os.Chmod(filepath.Join(dir, open), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(filepath.Join(dir, closed), 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(filepath.Join(dir, closed), 0o755) })
			unprivileged(func() {
				if certs, err := m.PodmanCertificates("a.test"); err != nil || certs.Dir != "" {
					t.Errorf("podman: %v, %v", certs, err)
				}
				if _, err := m.DockerCertificates("a.test", false); !errors.Is(err, os.ErrPermission) {
					t.Errorf("docker: error %v", err)
				}
			})
		})
	}
}

func TestCertificateThatIsADanglingLink(t *testing.T) {
	m, dir := machine(t, map[string]string{"etc/docker/certs.d/a.test/b.crt": "1"})
	if err := os.Symlink("missing", filepath.Join(dir, "etc/docker/certs.d/a.test/a.crt")); err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (registriesconf.Certificates, error){
		"podman": func() (registriesconf.Certificates, error) { return m.PodmanCertificates("a.test") },
		"docker": func() (registriesconf.Certificates, error) { return m.DockerCertificates("a.test", false) },
	} {
		if certs, err := load(); err != nil || len(certs.CA) != 1 {
			t.Errorf("%s: %v, %v", name, certs, err)
		}
	}
}

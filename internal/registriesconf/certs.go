package registriesconf

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vessux/openlock/internal/smallfile"
)

// Certificates are those that an engine uses for a host.
type Certificates struct {
	Dir    string            // that they are from; empty: none has any
	CA     [][]byte          // PEM files of authorities that are trusted besides the system's
	Client []tls.Certificate // for registries that ask for one
}

// PodmanCertificates reads the certificates that podman and buildah use for a
// host[:port]. They look into the first of these directories that exists, and
// into no other:
//   - ~/.config/containers/certs.d/HOST
//   - /etc/containers/certs.d/HOST
//   - /etc/docker/certs.d/HOST
//
// They fail on a certificate without its key, a key without its certificate,
// and files that they cannot read; so does this. Docker Hub is docker.io.
func (m Machine) PodmanCertificates(host string) (Certificates, error) {
	dirs := []string{m.Root + "/etc/containers/certs.d", m.Root + "/etc/docker/certs.d"}
	if m.Home != "" {
		dirs = slices.Insert(dirs, 0, filepath.Join(m.Home, ".config", "containers", "certs.d"))
	}
	for _, dir := range dirs {
		dir = filepath.Join(dir, host)
		switch _, err := os.Stat(dir); {
		case err == nil:
			return certificates(dir, fs.ErrNotExist, fs.ErrPermission)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return Certificates{}, err
		}
	}
	return Certificates{}, nil
}

// DockerCertificates reads the certificates that a docker daemon on this
// machine uses for a host[:port]: those of /etc/docker/certs.d/HOST, or of a
// rootless daemon's ${XDG_CONFIG_HOME:-~/.config}/docker/certs.d/HOST.
func (m Machine) DockerCertificates(host string, rootless bool) (Certificates, error) {
	dir := m.Root + "/etc/docker/certs.d"
	if rootless {
		config := m.Getenv("XDG_CONFIG_HOME")
		if config == "" && m.Home == "" {
			return Certificates{}, nil
		}
		dir = filepath.Join(cmp.Or(config, filepath.Join(m.Home, ".config")), "docker", "certs.d")
	}
	return certificates(filepath.Join(dir, host), fs.ErrNotExist)
}

// certificates reads a directory by the names of containers-certs.d(5): *.crt
// for authorities, NAME.cert with NAME.key for a client's. A directory that
// cannot be listed for one of the reasons is an empty one.
func certificates(dir string, reasons ...error) (Certificates, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if slices.ContainsFunc(reasons, func(r error) bool { return errors.Is(err, r) }) {
			err = nil
		}
		return Certificates{}, err
	}
	certs := Certificates{Dir: dir}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name })
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		name, ext := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), filepath.Ext(e.Name())
		switch {
		case ext == ".crt":
			b, err := smallfile.Read(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // a dangling link
			}
			if err != nil {
				return Certificates{}, err
			}
			certs.CA = append(certs.CA, b)
		case ext == ".cert" && !has(name+".key"):
			return Certificates{}, fmt.Errorf("%s: its key %s.key is missing; name the certificate of an authority *.crt", path, name)
		case ext == ".cert":
			pair, err := loadPair(path, filepath.Join(dir, name+".key"))
			if err != nil {
				return Certificates{}, fmt.Errorf("%s: %w", path, err)
			}
			certs.Client = append(certs.Client, pair)
		case ext == ".key" && !has(name+".cert"):
			return Certificates{}, fmt.Errorf("%s: its certificate %s.cert is missing", path, name)
		}
	}
	return certs, nil
}

func loadPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := smallfile.Read(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := smallfile.Read(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

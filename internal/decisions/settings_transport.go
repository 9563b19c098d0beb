package decisions

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// The transports by which an engine is reached.
const (
	viaTCP     = "TCP"
	viaTLS     = "TLS"
	viaSSH     = "SSH"
	viaService = "a service"
)

// by has the engine reached by a transport.
func by(transport string, set func(*machine) error) func(*machine) error {
	return func(m *machine) error {
		m.transport = transport
		return set(m)
	}
}

// dockerTransports are those to a daemon that takes the login from its client.
func dockerTransports() []Setting {
	public := asks(true, stored(dockerFile, true))
	all := []Setting{{Name: "an old login, and a public image, over SSH", Better: true, Needs: "sshd", set: by(viaSSH, public)}}
	for _, transport := range []string{viaTCP, viaTLS} {
		all = append(all, []Setting{
			{Name: "an old login, and a public image, over " + transport, Better: true, set: by(transport, public)},
			{Name: "a good login, and a private image, over " + transport, Pulls: true, set: by(transport, asks(false, stored(dockerFile, false)))},
			{Name: "an old login, and a private image, over " + transport, Asked: true, set: by(transport, asks(false, stored(dockerFile, true)))},
		}...)
	}
	return all
}

// podmanTransports are those to a podman that serves another.
func podmanTransports() []Setting {
	all := []Setting{
		{Name: "a mirror that a service over TCP knows", Pulls: true, Asked: true, set: by(viaTCP, mirrored(""))},
		{Name: "an old login, and a public image, by a service over TCP", Better: true, set: by(viaTCP, asks(true, stored(runFile, true)))},
		{Name: "an old login, and a private image, by a service over TCP", Asked: true, set: by(viaTCP, asks(false, stored(runFile, true)))},
		{Name: "an old login, and a public image, by a service", Better: true, set: by(viaService, asks(true, stored(runFile, true)))},
		{Name: "a good login, and a private image, by a service", Pulls: true, set: by(viaService, asks(false, stored(runFile, false)))},
	}
	for i := range all {
		all[i].Service = true
	}
	return all
}

// reach has the machine reach its daemon by its transport, and returns the
// environment for it.
func (m *machine) reach(ctx context.Context, docker *lab.DockerDaemon) (env []string, err error) {
	socket := strings.TrimPrefix(docker.Host, "unix://")
	switch m.transport {
	case viaTCP:
		return []string{"DOCKER_HOST=" + m.tcp(socket)}, nil
	case viaTLS:
		front := lab.StartTLSFront(toSocket(socket), nil)
		m.close = append(m.close, front.Close)
		return []string{"DOCKER_HOST=tcp://" + front.Host(), "DOCKER_TLS_VERIFY=1"}, m.write(".docker/ca.pem", string(front.CA))
	case viaSSH:
		bin, err := lab.SSH(ctx, filepath.Join(m.home, "ssh"), "DOCKER_HOST="+docker.Host, "PATH="+os.Getenv("PATH"))
		return []string{"DOCKER_HOST=ssh://registry.invalid", "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}, err
	}
	return nil, nil
}

// tcp passes what comes over TCP on to a daemon's socket, and returns the address.
func (m *machine) tcp(socket string) string {
	front := httptest.NewServer(toSocket(socket))
	m.close = append(m.close, front.Close)
	return strings.Replace(front.URL, "http", "tcp", 1)
}

// toSocket passes requests on to a daemon's socket.
func toSocket(socket string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "docker"}) },
		FlushInterval: -1,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
	}
}

package decisions

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// farHost is a registry that only a proxy knows the way to.
const farHost = "registry.invalid:5000"

// far publishes the image at a registry that is reached through a proxy alone,
// in the clear, and names the proxy in a variable. A status other than 0 is all
// that the proxy answers.
func far(variable string, status int) func(*machine) error {
	return func(m *machine) error {
		if err := m.publish(m.origin, imagePath); err != nil {
			return err
		}
		m.repository = farHost + "/" + imagePath
		m.env = append(m.env, variable+"="+m.proxy(m.origin, "", status))
		return m.conf("%s", plain(farHost))
	}
}

// proxy starts a proxy and returns its URL.
func (m *machine) proxy(inner http.Handler, tls string, status int) string {
	p := lab.StartProxy(inner, tls, status)
	m.close = append(m.close, p.Close)
	return p.URL()
}

// podmanProxies are in the clear or by a tunnel, and in each way that a proxy
// can fail.
func podmanProxies() []Setting {
	tunnelled := func(status int) func(*machine) error {
		return secured(nil, func(m *machine, ca string) error {
			front := m.host()
			m.repository = farHost + "/" + imagePath
			m.env = append(m.env, "HTTPS_PROXY="+m.proxy(http.NotFoundHandler(), front, status))
			return m.conf("%s", plain(farHost)) // the front's certificate is for loopback
		})
	}
	return []Setting{
		{Name: "a proxy, in the clear", Pulls: true, set: far("HTTP_PROXY", 0)},
		{Name: "a proxy, by a tunnel", Pulls: true, set: tunnelled(0)},
		{Name: "a proxy that asks for a login", set: far("HTTP_PROXY", http.StatusProxyAuthRequired)},
		{Name: "a proxy with a tunnel that asks for a login", set: tunnelled(http.StatusProxyAuthRequired)},
		{Name: "a proxy that fails", set: far("HTTP_PROXY", http.StatusServiceUnavailable)},
		{Name: "a proxy that is down", set: func(m *machine) error {
			err := far("NO_SUCH", 0)(m)
			dead, _ := lab.RefusedHost()
			m.env = append(m.env, "HTTP_PROXY=http://"+dead)
			return err
		}},
		{Name: "a proxy that the registry is excepted from", set: func(m *machine) error {
			m.env = append(m.env, "NO_PROXY=registry.invalid")
			return far("HTTP_PROXY", 0)(m)
		}},
	}
}

// dockerProxies are those of the daemon, which the shell knows nothing of.
func dockerProxies() []Setting {
	daemons := func(variable string, status int) func(*machine) error {
		return func(m *machine) error {
			before := len(m.env)
			err := far(variable, status)(m)
			m.env, m.daemon = m.env[:before], m.env[before:]
			m.flags = []string{"--insecure-registry", farHost}
			return err
		}
	}
	return []Setting{
		{Name: "the daemon has a proxy, the shell has none", Pulls: true, set: daemons("HTTP_PROXY", 0)},
		{Name: "the daemon has a proxy that asks for a login", Asked: true, set: daemons("HTTP_PROXY", http.StatusProxyAuthRequired)},
		{Name: "the daemon has a proxy, and takes the registry for one behind TLS", Asked: true, set: func(m *machine) error {
			err := daemons("HTTP_PROXY", 0)(m)
			m.repository = "other." + m.repository // unlike farHost, not among its insecure registries
			return err
		}},
		{Name: "a mirror of Docker Hub that lacks it", Asked: true, set: (*machine).hub},
		{Name: "the daemon has a login for its proxy", Pulls: true, Asked: true, set: signedIn},
		{Name: "a daemon over TLS has a login for its proxy", Pulls: true, Asked: true, set: func(m *machine) error {
			m.transport = viaTLS
			return signedIn(m)
		}},
		{Name: "a daemon over TLS has a proxy that is down", Asked: true, set: func(m *machine) error {
			m.transport = viaTLS
			dead, err := lab.RefusedHost()
			m.daemon, m.repository = []string{"HTTP_PROXY=http://" + dead}, farHost+"/"+imagePath
			return err
		}},
		{Name: "a daemon over TLS, and a registry that lacks it", set: func(m *machine) error {
			m.transport = viaTLS
			return nil
		}},
		{Name: "a mirror of Docker Hub", Pulls: true, Mirror: true, set: func(m *machine) error {
			return errors.Join(m.hub(), m.publish(m.mirror, imagePath))
		}},
		{Name: "the shell has a proxy, the daemon has none", set: far("HTTP_PROXY", 0)},
	}
}

// hub makes Docker Hub the origin, behind the mirror. A proxy that is down keeps
// every client from the Hub itself.
func (m *machine) hub() error {
	dead, err := lab.RefusedHost()
	m.env = append(m.env, "HTTPS_PROXY=http://"+dead)
	m.daemon = []string{"HTTPS_PROXY=http://" + dead}
	m.flags = []string{"--registry-mirror", "http://" + m.mirror.Host()}
	m.repository = "docker.io/" + imagePath
	return err
}

// signedIn gives the daemon a proxy and a login for it, which the daemon tells
// its clients without the login.
func signedIn(m *machine) error {
	err := m.publish(m.origin, imagePath)
	m.repository = farHost + "/" + imagePath
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(login.User+":"+login.Password))
	proxy := m.proxy(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Proxy-Authorization") != want {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		m.origin.ServeHTTP(w, req)
	}), "", 0)
	m.flags = append(m.flags, "--insecure-registry", farHost)
	m.daemon = []string{"HTTP_PROXY=" + strings.Replace(proxy, "http://", "http://"+login.User+":"+login.Password+"@", 1)}
	return err
}

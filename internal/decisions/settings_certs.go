package decisions

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// farTLS publishes the image at a registry behind TLS that only a tunnel of the
// daemon's proxy leads to: docker verifies no registry on loopback.
func farTLS(clients []byte, rest func(m *machine, ca string) error) func(*machine) error {
	return func(m *machine) error {
		name, _, _ := strings.Cut(farHost, ":")
		certificate, key, err := selfSigned(name)
		if err != nil {
			return err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return err
		}
		front := lab.StartTLSFront(m.origin, clients, pair)
		m.close = append(m.close, front.Close)
		m.repository, m.certsD = farHost+"/"+imagePath, true
		m.daemon = []string{"HTTPS_PROXY=" + m.proxy(http.NotFoundHandler(), front.Host(), 0)}
		return errors.Join(m.publish(m.origin, imagePath), m.write(dockerEtc+"/daemon.json", "{}"), rest(m, string(front.CA)))
	}
}

// farCerts is the directory of what docker trusts for that registry.
const farCerts = dockerEtc + "/certs.d/" + farHost + "/"

func dockerTrust() []Setting {
	client, key, err := selfSigned()
	if err != nil {
		panic(err) // no randomness
	}
	trusted := func(m *machine, ca string) error { return m.write(farCerts+"ca.crt", ca) }
	return []Setting{
		{Name: "TLS by an authority that is unknown", Asked: true, set: farTLS(nil, func(*machine, string) error { return nil })},
		{Name: "TLS by an authority of certs.d", Pulls: true, set: farTLS(nil, trusted)},
		{Name: "an authority of certs.d for another port", Asked: true, set: farTLS(nil, func(m *machine, ca string) error {
			return m.write(dockerEtc+"/certs.d/registry.invalid/ca.crt", ca)
		})},
		{Name: "an authority of podman's certs.d", Asked: true, set: farTLS(nil, func(m *machine, ca string) error {
			return m.write(certs(farHost, "ca.crt"), ca)
		})},
		{Name: "TLS that is not verified, by insecure-registries with a name", Pulls: true, set: farTLS(nil, func(m *machine, _ string) error {
			m.flags = []string{"--insecure-registry", farHost}
			return nil
		})},
		{Name: "a client certificate of certs.d", Pulls: true, set: farTLS(client, func(m *machine, ca string) error {
			return errors.Join(trusted(m, ca), m.write(farCerts+"client.cert", string(client)), m.write(farCerts+"client.key", string(key)))
		})},
		{Name: "a client certificate that is missing", Asked: true, set: farTLS(client, trusted)},
		{Name: "a client certificate without its key", Asked: true, set: farTLS(nil, func(m *machine, ca string) error {
			return errors.Join(trusted(m, ca), m.write(farCerts+"client.cert", string(client)))
		})},
	}
}

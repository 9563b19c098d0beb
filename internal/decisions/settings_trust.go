package decisions

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

// secured publishes the image at the origin, behind TLS.
func secured(clients []byte, rest func(m *machine, ca string) error) func(*machine) error {
	return func(m *machine) error {
		err := m.publish(m.origin, imagePath)
		ca := m.tls(m.origin, clients)
		return errors.Join(err, rest(m, string(ca)))
	}
}

// certs is the directory of what to trust for a host, of the user's podman.
func certs(host, file string) string { return ".config/containers/certs.d/" + host + "/" + file }

func podmanTrust() []Setting {
	client, clientKey, err := selfSigned()
	if err != nil {
		panic(err) // no randomness
	}
	return []Setting{
		{Name: "TLS by an authority that is unknown", set: secured(nil, func(*machine, string) error { return nil })},
		{Name: "TLS by an authority of certs.d", Pulls: true, set: secured(nil, func(m *machine, ca string) error {
			return m.write(certs(m.host(), "ca.crt"), ca)
		})},
		{Name: "an authority of certs.d for another host", set: secured(nil, func(m *machine, ca string) error {
			return m.write(certs("127.0.0.1:1", "ca.crt"), ca)
		})},
		{Name: "TLS that is not verified, by insecure", Pulls: true, set: secured(nil, func(m *machine, _ string) error {
			return m.conf("%s", plain(m.host()))
		})},
		{Name: "a client certificate of certs.d", Pulls: true, set: secured(client, func(m *machine, ca string) error {
			return errors.Join(m.write(certs(m.host(), "ca.crt"), ca),
				m.write(certs(m.host(), "client.cert"), string(client)), m.write(certs(m.host(), "client.key"), string(clientKey)))
		})},
		{Name: "a client certificate that is missing", set: secured(client, func(m *machine, ca string) error {
			return m.write(certs(m.host(), "ca.crt"), ca)
		})},
		{Name: "a client certificate without its key", set: secured(client, func(m *machine, ca string) error {
			return errors.Join(m.write(certs(m.host(), "ca.crt"), ca), m.write(certs(m.host(), "client.cert"), string(client)))
		})},
		{Name: "an authority that is no certificate", set: secured(nil, func(m *machine, _ string) error {
			return m.write(certs(m.host(), "ca.crt"), "no certificate\n")
		})},
		{Name: "a mirror behind TLS, by an authority of certs.d", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := m.publish(m.mirror, imagePath)
			ca := m.tls(m.mirror, nil)
			mirror := m.host()
			return errors.Join(err, m.dead(), m.write(certs(mirror, "ca.crt"), string(ca)),
				m.conf("[[registry]]\nlocation = %q\n[[registry.mirror]]\nlocation = %q\n", m.host(), mirror))
		}},
		{Name: "a mirror behind TLS that asks for a login", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := m.publish(m.mirror, imagePath)
			m.private(m.mirror, false)
			ca := m.tls(m.mirror, nil)
			mirror := m.host()
			return errors.Join(err, m.dead(), m.write(certs(mirror, "ca.crt"), string(ca)), m.logins("run/containers/auth.json", false, mirror),
				m.conf("[[registry]]\nlocation = %q\n[[registry.mirror]]\nlocation = %q\n", m.host(), mirror))
		}},
		{Name: "a registry over HTTP that is not configured as insecure", set: func(m *machine) error { return m.publish(m.origin, imagePath) }},
	}
}

// selfSigned makes a certificate for a client, or for a server of that
// name, signed by itself.
func selfSigned(names ...string) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a client"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames: names,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), nil
}

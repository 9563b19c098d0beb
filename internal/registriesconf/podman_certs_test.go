package registriesconf_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab/labtest"
)

// TestPodmanUsesTheCertificates asks a registry that requires a client's
// certificate, with podman and with what PodmanCertificates reads.
func TestPodmanUsesTheCertificates(t *testing.T) {
	store := labtest.Podman(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	cert, key := pair(t)
	_, otherKey := pair(t)
	const answered = "answered"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // answered, or what the error says
	}{
		{"none", nil, "certificate signed by unknown authority"},
		{"authority", map[string]string{"ca.crt": ca}, "certificate required"},
		{"client", map[string]string{"c.cert": cert, "c.key": key}, "certificate signed by unknown authority"},
		{"both", map[string]string{"ca.crt": ca, "c.cert": cert, "c.key": key}, answered},
		{"another suffix", map[string]string{"ca.pem": ca, "c.cert": cert, "c.key": key}, "certificate signed by unknown authority"},
		{"no key", map[string]string{"ca.crt": ca, "c.cert": cert}, "missing"},
		{"no certificate", map[string]string{"ca.crt": ca, "c.key": key}, "missing"},
		{"the key of another", map[string]string{"ca.crt": ca, "c.cert": cert, "c.key": otherKey}, "private key does not match public key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{}
			for name, text := range c.files {
				files["certs.d/"+host+"/"+name] = text
			}
			m, env := podmanHome(t, store, strings.NewReplacer(), "", files)
			got := answered
			if certs, err := m.PodmanCertificates(host); err != nil {
				got = err.Error()
			} else {
				roots := x509.NewCertPool()
				for _, b := range certs.CA {
					roots.AppendCertsFromPEM(b)
				}
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certs.Client}}}
				if resp, err := client.Get(server.URL); err != nil {
					got = err.Error()
				} else {
					resp.Body.Close()
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
			cmd := exec.CommandContext(t.Context(), "podman", "pull", host+"/x:none")
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			inPodman := string(out)
			if strings.Contains(inPodman, "404 (Not Found)") {
				inPodman = answered
			}
			if want := strings.Replace(c.want, "certificate required", "tls: ", 1); err == nil || !strings.Contains(inPodman, want) {
				t.Errorf("podman: %s, want %s", out, want)
			}
		})
	}
}

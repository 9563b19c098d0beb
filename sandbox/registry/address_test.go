package registry

import (
	"context"
	"net/netip"
	"testing"
)

// TestIsInner has the ways of writing an address inside the network.
func TestIsInner(t *testing.T) {
	for host, want := range map[string]bool{
		"１２７.０.０.１": true, "127。0。0。1": true, "１69.254.169.254": true, "ｌocalhost": true, "a．localhost": true, "127.0.0.\u00ad1": true,
		"64:ff9b::7f00:1": true, "64:ff9b::169.254.169.254": true, "64:ff9b::10.0.0.1": true, "64:ff9b:1::7f00:1": true, "64:ff9b::8.8.8.8": false,
		"2002:7f00:1::": true, "2002:a9fe:a9fe::1": true, "2002:808:808::1": false, "::127.0.0.1": true, "::ffff:0:127.0.0.1": true,
		"fec0::1": true, "feff::1": true, "192.0.0.192": true, "198.18.0.1": true, "198.19.255.255": true, "198.20.0.1": false,
		"100.100.100.200": true, "fd00:ec2::254": true, "168.63.129.16": true, "0.1.2.3": true, "255.255.255.255": true, "ff02::1": true,
		"8.8.8.8": false, "2606:4700::1": false, "ghcr.io": false, "münchen.example": false, "xn--mnchen-3ya.example": false, "a_b.example": false,
		"a\u0600.example": true, "１２７.1": true, "": true, // what cannot be judged is refused
	} {
		if got := isInner(host); got != want {
			t.Errorf("%s: %t, want %t", host, got, want)
		}
	}
}

// TestRefuseLocal: a name that a registry elsewhere gives may resolve to an
// address inside the network, but to none of this machine's, nor to one at which
// clouds serve a machine's secrets.
func TestRefuseLocal(t *testing.T) {
	led := context.WithValue(t.Context(), outside{}, "registry.example")
	for address, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "169.254.169.254": true, "fe80::1%eth0": true, "0.0.0.0": true,
		"100.100.100.200": true, "fd00:ec2::254": true, "192.0.0.192": true, "168.63.129.16": true,
		"64:ff9b::169.254.169.254": true, "64:ff9b::100.100.100.200": true, "2002:7f00:1::1": true, "::ffff:127.0.0.1": true,
		"10.0.0.1": false, "100.64.0.1": false, "198.18.0.1": false, "8.8.8.8": false, "64:ff9b::8.8.8.8": false, "fd00::1": false,
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(address), 443).String()
		if err := refuseLocal(led, "tcp", at, nil); (err != nil) != want {
			t.Errorf("%s: %v, want refused %t", address, err, want)
		}
		if err := refuseLocal(t.Context(), "tcp", at, nil); err != nil {
			t.Errorf("%s, where no registry leads: %v", address, err)
		}
	}
}

// TestRealmIsInner: the token server is judged as redirects are.
func TestRealmIsInner(t *testing.T) {
	s := &signer{at: place{host: "registry.example"}, scheme: "https"}
	for realm, want := range map[string]bool{
		"https://１２７.０.０.１/token": true, "https://[64:ff9b::a00:1]/token": true, "https://[fec0::1]/token": true,
		"https://198.18.0.1/token": true, "https://auth.example/token": false,
	} {
		s.challenge.parameters = map[string]string{"realm": realm}
		if _, err := s.realm(); (err != nil) != want {
			t.Errorf("%s: %v, want refused %t", realm, err, want)
		}
	}
}

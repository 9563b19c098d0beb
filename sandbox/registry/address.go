package registry

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// isInner reports whether a host that a registry names, in a redirect or as its
// token server, is inside the local network.
func isInner(host string) bool {
	host = asDialled(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || isInnerAddress(host)
}

// isInnerAddress is isInner for what is no name.
// A last label that begins with a digit is no domain's: where it is no proper
// address either, it may be one that resolvers know how to read, such as 127.1.
func isInnerAddress(host string) bool {
	host = asDialled(host)
	ip, err := netip.ParseAddr(host)
	if err != nil {
		last := host[strings.LastIndexByte(host, '.')+1:]
		return last == "" || last[0] >= '0' && last[0] <= '9'
	}
	ip = embedded(ip)
	return isMachines(ip) || ip.IsPrivate() || ip.IsMulticast() || within(ip, inner)
}

// asDialled returns a host as net/http dials it, by IDNA: 127.0.0.1 can be written
// in full-width digits. It is empty where IDNA does not allow the host.
func asDialled(host string) string {
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return ""
		}
		host = ascii
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isMachines reports whether an address is this machine's, or one at which clouds
// serve a machine's secrets.
func isMachines(ip netip.Addr) bool {
	ip = embedded(ip)
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || within(ip, metadata)
}

var (
	// inner are networks that no public host is in, besides those that netip knows.
	inner = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // between a provider's customers (RFC 6598)
		netip.MustParsePrefix("192.0.0.0/24"),  // protocol assignments (RFC 6890)
		netip.MustParsePrefix("198.18.0.0/15"), // benchmarks (RFC 2544)
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("fec0::/10"),      // site-local (RFC 3879)
		netip.MustParsePrefix("64:ff9b:1::/48"), // translation within a network (RFC 8215)
	}
	// metadata are those of clouds that are not link-local. Names resolve to other
	// inner addresses in good networks.
	metadata = []netip.Prefix{
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
		netip.MustParsePrefix("168.63.129.16/32"),   // Azure
		netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
		netip.MustParsePrefix("fd00:ec2::/32"),      // Amazon
	}
	// embedding are the IPv6 networks whose addresses lead to an IPv4 address, and
	// the byte at which that begins.
	embedding = []struct {
		network netip.Prefix
		at      int
	}{
		{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible (RFC 4291)
		{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // translated (RFC 2765)
		{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64 (RFC 6052)
		{netip.MustParsePrefix("2002::/16"), 2},        // 6to4 (RFC 3056)
	}
)

// embedded returns the IPv4 address that an address leads to, or else itself.
func embedded(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() || ip.IsLoopback() || ip.IsUnspecified() {
		return ip
	}
	for _, e := range embedding {
		if e.network.Contains(ip) {
			bytes := ip.As16()
			return netip.AddrFrom4([4]byte(bytes[e.at : e.at+4]))
		}
	}
	return ip
}

func within(ip netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

package tag

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// checkDockerHub refuses names that engines turn into others.
func checkDockerHub(host, path string) error {
	if host != "docker.io" && host != "index.docker.io" {
		return nil
	}
	name := path
	if !strings.Contains(path, "/") {
		name = "library/" + path
	}
	if host == "docker.io" && name == path {
		return nil
	}
	return fmt.Errorf("is docker.io/%s to engines; say that", name)
}

// checkHost checks a host with or without a port.
func checkHost(host string) error {
	name, port := host, ""
	if i := strings.Index(host, ":"); i >= 0 && !strings.HasPrefix(host, "[") {
		name, port = host[:i], host[i:]
	} else if end := strings.Index(host, "]"); end >= 0 {
		name, port = host[:end+1], host[end+1:]
	}
	if port != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
		if err != nil || n == 0 || port[0] != ':' {
			return fmt.Errorf("host %q: %q is not a port", host, strings.TrimPrefix(port, ":"))
		}
	}
	if strings.HasPrefix(name, "[") {
		return checkIPv6(name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if !isHostLabel(label) {
			return fmt.Errorf("host %q: %q is not a host name label", host, label)
		}
	}
	return checkIPv4(name)
}

// checkIPv6 accepts an address in brackets as engines do, without dots, and in
// one form only: two would be two names of one image.
func checkIPv6(name string) error {
	text, closed := strings.CutSuffix(name[1:], "]")
	a, err := netip.ParseAddr(text)
	switch {
	case !closed || err != nil || !a.Is6() || strings.Trim(text, "0123456789abcdef:.") != "":
		return fmt.Errorf("host %q is not an IPv6 address in brackets", name)
	case a.Is4In6():
		return fmt.Errorf("host %q is an IPv4 address in IPv6's form; say %s", name, a.Unmap())
	case "["+a.String()+"]" != name:
		return fmt.Errorf("host %q is not an IPv6 address in its shortest form; say [%s]", name, a)
	}
	return nil
}

// checkIPv4 refuses what resolvers read as an address, each in its own way: a
// host whose last label is a number (WHATWG URL, "ends in a number").
func checkIPv4(name string) error {
	last := name[strings.LastIndex(name, ".")+1:]
	digits, isHex := strings.CutPrefix(last, "0x")
	if isHex && strings.Trim(digits, "0123456789abcdef") != "" || !isHex && strings.Trim(digits, "0123456789") != "" {
		return nil
	}
	if a, err := netip.ParseAddr(name); err != nil || !a.Is4() {
		return fmt.Errorf("host %q is not an IPv4 address in four parts", name)
	}
	return nil
}

func isAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func isHostLabel(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && (s[i] != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != ""
}

// isPathComponent reports whether s is runs of letters and digits between
// separators: one dot, one or two underscores, or any number of dashes.
func isPathComponent(s string) bool {
	if s == "" || !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); {
		start := i
		for i < len(s) && !isAlnum(s[i]) {
			i++
		}
		switch sep := s[start:i]; {
		case sep == "" || sep == "." || sep == "_" || sep == "__":
		case strings.Trim(sep, "-") == "":
		default:
			return false
		}
		for i < len(s) && isAlnum(s[i]) {
			i++
		}
	}
	return true
}

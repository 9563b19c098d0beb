// Package platform compares the platforms of images, os/arch[/variant].
package platform

import (
	"fmt"
	"strings"
)

// Normalize returns a platform in its usual form, os/arch[/variant]: arm64/v8
// is arm64 and amd64/v1 is amd64, since both name the base level of their
// architecture (OCI Image Specification 1.1, "Platform Variants"); arm is arm/v7.
// A platform has two or three parts of lower-case letters, digits, '.', '_'
// and '-'; anything else is an error.
func Normalize(platform string) (string, error) {
	parts := strings.Split(platform, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return "", fmt.Errorf("platform %q is not os/arch or os/arch/variant, such as linux/arm64", platform)
	}
	for _, p := range parts {
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || p[0] == '-' {
			return "", fmt.Errorf("platform %q is not os/arch or os/arch/variant, such as linux/arm64", platform)
		}
	}
	return Join(parts[0], parts[1], strings.Join(parts[2:], "")), nil
}

// Same reports whether two platforms are the same after [Normalize].
func Same(a, b string) bool {
	na, errA := Normalize(a)
	nb, errB := Normalize(b)
	return errA == nil && errB == nil && na == nb
}

// Join returns the normal form of an operating system, an architecture and a
// variant, which may be empty.
func Join(os, arch, variant string) string {
	if os == "macos" {
		os = "darwin"
	}
	if arch, variant = normalArch(arch, variant); variant == "" {
		return os + "/" + arch
	}
	return os + "/" + arch + "/" + variant
}

// normalArch follows containerd/platforms, by which podman and docker compare:
// other names of an architecture, its base level, and 32-bit ARM, which is v7
// where nothing else is said.
func normalArch(arch, variant string) (string, string) {
	switch arch {
	case "i386":
		return "386", ""
	case "armhf":
		return "arm", "v7"
	case "armel":
		return "arm", "v6"
	case "x86_64", "x86-64":
		arch = "amd64"
	case "aarch64":
		arch = "arm64"
	}
	switch arch + "/" + variant {
	case "amd64/v1", "arm64/v8", "arm64/8":
		return arch, ""
	case "arm/":
		return arch, "v7"
	case "arm/5", "arm/6", "arm/7", "arm/8":
		return arch, "v" + variant
	}
	return arch, variant
}
